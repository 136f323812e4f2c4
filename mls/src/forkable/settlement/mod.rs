//! Settlement: what branches that lost had changed is proposed again on the head (SPEC §14.6).
//!
//! What is left to settle is a function of the graph and nothing else, so that all nodes agree on it: an epoch that lost is
//! settled once there is an epoch on the way to the head in which nothing of what it intended is left to do. Nothing is
//! remembered, and nothing is done twice: what has been settled and undone later stays undone.

mod intents;
mod plan;
mod rules;

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::{ClientUri, UserUri};

pub use intents::{Intent, IntentKind};
pub use rules::Abandoned;

use super::ForkableGroup;
use crate::planted::planted;
use crate::{EpochId, Group, MlsError, RoomState};
use rules::Ground;

/// What is left to settle at the head.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settlement {
    /// What has to be proposed again, in the order that all agree on.
    pub intents: Vec<Intent>,
    /// What is given up, and why.
    pub abandoned: Vec<Abandoned>,
}

impl ForkableGroup {
    /// What is left to settle at the head.
    ///
    /// # Errors
    /// If a state is missing.
    pub fn settlement(&self) -> Result<Settlement, MlsError> {
        let mut settlement = Settlement::default();
        let losing = self.graph.losing();
        let mut intents = BTreeMap::new();
        for lost in &losing {
            intents.insert(*lost, self.intents_of(lost)?);
        }
        let state = self.head_state()?.room_state();
        self.drop_overtaken(&losing, &mut intents, state);
        for lost in &losing {
            if let Some((ground, intents)) = self.ground(lost)?.zip(intents.get(lost)) {
                let found = self.weighed(intents, &ground)?;
                settlement.intents.extend(found.intents);
                settlement.abandoned.extend(found.abandoned);
            }
        }
        rules::among_losers(&mut settlement, state);
        rules::without_room_for_them(&mut settlement, state);
        Ok(settlement)
    }

    /// What a branch that lost has given, and then taken back itself, is not given; of what it has replaced twice, the last counts.
    fn drop_overtaken(&self, losing: &[EpochId], intents: &mut BTreeMap<EpochId, Vec<Intent>>, state: &RoomState) {
        for later in losing {
            let Some(overtaking) = intents.get(later).filter(|overtaking| !overtaking.is_empty()).cloned() else { continue };
            for earlier in self.graph.path_to(later).iter().filter(|earlier| *earlier != later) {
                if let Some(overtaken) = intents.get_mut(earlier) {
                    overtaken.retain(|intent| !overtaking.iter().any(|by| rules::overtakes(&by.kind, &intent.kind, state)));
                }
            }
        }
    }

    /// What an epoch changed against its parent.
    pub(super) fn intents_of(&self, id: &EpochId) -> Result<Vec<Intent>, MlsError> {
        let Some(commit) = self.graph.commit(id) else { return Ok(Vec::new()) };
        let mut intents = intents::between(self.state(&commit.parent)?, self.state(id)?, commit);
        if planted!(RemovalsNotSettled) {
            intents.retain(|intent| !matches!(intent.kind, IntentKind::RemoveClient(_) | IntentKind::Role { role: 0, .. }));
        }
        Ok(intents)
    }

    /// Where a losing epoch's branch leaves the way to the head; none if that has been forgotten.
    fn ground(&self, lost: &EpochId) -> Result<Option<Ground<'_>>, MlsError> {
        let fork = self.graph.fork_point(lost, &self.graph.head().id);
        let parent = self.graph.commit(lost).map(|commit| commit.parent);
        let ground = |(fork, parent)| {
            let (base, parent, lost) = (self.state(&fork)?, self.state(&parent)?, self.state(lost)?);
            Ok(Ground { fork, base, parent, lost })
        };
        fork.zip(parent).map(ground).transpose()
    }

    /// What is left of a losing epoch's intents: nothing once there is an epoch since the fork where nothing was left.
    fn weighed(&self, intents: &[Intent], ground: &Ground<'_>) -> Result<Settlement, MlsError> {
        let path = self.graph.path_to(&self.graph.head().id);
        let (mut committers, mut found) = (Vec::new(), Settlement::default());
        for id in path.iter().skip_while(|id| **id != ground.fork).skip(1) {
            committers.extend(self.committer_client(id));
            if planted!(SettledAgain) && *id != self.graph.head().id {
                continue;
            }
            found = ground.weigh(intents, self.state(id)?, &committers);
            if found.intents.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    fn committer_client(&self, id: &EpochId) -> Option<ClientUri> {
        self.graph.commit(id).map(|commit| commit.committer.clone())
    }

    /// In which turn a user should settle: the authors of what is left first, then the others, in an order that the
    /// head's name draws. Whoever is not there when it is its turn is passed over (SPEC §14.6).
    ///
    /// # Errors
    /// If the head's state is missing.
    pub fn settling_turn(&self, settlement: &Settlement, user: &UserUri) -> Result<usize, MlsError> {
        let head: &Group = self.head_state()?;
        let id = self.graph.head().id;
        let participants = head.room_state().participants.participants.iter().map(|participant| &participant.user);
        let order: BTreeMap<(bool, [u8; 32]), &UserUri> = participants
            .map(|user| {
                let is_author = settlement.intents.iter().any(|intent| intent.author == *user);
                ((!is_author, rules::draw(&id, user)), user)
            })
            .collect();
        Ok(order.values().position(|candidate| *candidate == user).unwrap_or(order.len()))
    }
}
