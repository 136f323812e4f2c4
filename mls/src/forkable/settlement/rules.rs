//! What becomes of an intent at an epoch of the winning branch (DMLS-24 to DMLS-28).

use std::cmp::Ordering;

use causeway_drafts::mimi_room_policy_04::roles_list::{BANNED, NO_ROLE};
use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use sha2::{Digest, Sha256};

use super::{Intent, IntentKind, Settlement};
use crate::planted::planted;
use crate::policy::ClientChange;
use crate::{EpochId, Group, Hardening, RoomState};

/// An intent that is given up.
#[derive(Clone, Debug, PartialEq)]
pub struct Abandoned {
    /// The intent.
    pub intent: Intent,
    /// The rule.
    pub rule: &'static str,
    /// In words.
    pub why: String,
}

/// Where a losing branch began.
pub(super) struct Ground<'a> {
    pub(super) fork: EpochId,
    pub(super) base: &'a Group,
    /// Where the epoch that lost was made.
    pub(super) parent: &'a Group,
    /// The epoch that lost.
    pub(super) lost: &'a Group,
}

/// What becomes of one intent.
enum Verdict {
    Due,
    Done,
    Abandoned(&'static str, String),
}

impl Ground<'_> {
    /// Weighs the intents of a losing epoch at an epoch of the winning branch. `committers` have committed since the fork.
    pub(super) fn weigh(&self, intents: &[Intent], at: &Group, committers: &[ClientUri]) -> Settlement {
        let mut settlement = Settlement::default();
        for intent in intents {
            match self.verdict(intent, at, committers) {
                Verdict::Done => {}
                Verdict::Due => settlement.intents.push(intent.clone()),
                Verdict::Abandoned(rule, why) => settlement.abandoned.push(Abandoned { intent: intent.clone(), rule, why }),
            }
        }
        settlement
    }

    fn verdict(&self, intent: &Intent, at: &Group, committers: &[ClientUri]) -> Verdict {
        let state = at.room_state();
        let verdict = match &intent.kind {
            IntentKind::Role { user, role } => self.role(user, *role, state),
            IntentKind::AddClient(client) => self.add_client(client, at),
            IntentKind::RemoveClient(client) => {
                if holds(at, client) {
                    Verdict::Due
                } else {
                    Verdict::Done
                }
            }
            IntentKind::Metadata(metadata) => self.replaced(&**metadata, at, |state| &state.metadata),
            IntentKind::Roles(roles) => self.replaced(&**roles, at, |state| &state.roles),
            IntentKind::Policy(policy) => self.replaced(&**policy, at, |state| &state.base_policy),
            IntentKind::Hardening(hardening) => self.hardening(*hardening, at),
            IntentKind::Renew(client) if committers.contains(client) => Verdict::Done,
            IntentKind::Renew(client) => {
                if holds(at, client) {
                    Verdict::Due
                } else {
                    Verdict::Done
                }
            }
        };
        match verdict {
            Verdict::Due if planted!(IntentsOutliveAuthors) => Verdict::Due,
            Verdict::Due => self.permitted(intent, state),
            other => other,
        }
    }

    /// DMLS-27: an author's intent counts as far as its author still takes part, and may still do it.
    fn permitted(&self, intent: &Intent, state: &RoomState) -> Verdict {
        let actor = self.actor(intent);
        if !state.is_present(&actor) {
            return Verdict::Abandoned("DMLS-27", format!("{actor} does not take part any more"));
        }
        let refused = match self.client_change(&intent.kind) {
            Some(change) => state.may_change_client(&self.joined_by(&change, state), &actor, &change),
            None => state.may_become(&intent.kind.applied_to(state), &actor),
        };
        refused.map_or_else(|refused| Verdict::Abandoned("DMLS-27", refused.to_string()), |()| Verdict::Due)
    }

    /// Who wanted it: whoever made the commit, if that was its to do, else the client's own user, whose proposal it was.
    fn actor(&self, intent: &Intent) -> UserUri {
        let (before, after) = (self.parent.room_state(), self.lost.room_state());
        match self.client_change(&intent.kind) {
            Some(change @ ClientChange::Removed(_)) if before.may_change_client(after, &intent.author, &change).is_ok() => {
                intent.author.clone()
            }
            Some(ClientChange::Removed(user)) => user,
            _ => intent.author.clone(),
        }
    }

    fn client_change(&self, kind: &IntentKind) -> Option<ClientChange> {
        match kind {
            IntentKind::AddClient(client) => Some(ClientChange::Added(client.user_uri())),
            IntentKind::RemoveClient(client) => Some(ClientChange::Removed(client.user_uri())),
            _ => None,
        }
    }

    /// The room as it is when a client is added: its user may come in with it.
    fn joined_by(&self, change: &ClientChange, state: &RoomState) -> RoomState {
        match change {
            ClientChange::Added(user) if !state.is_present(user) => state.with_role(user, self.lost.room_state().role_of(user)),
            _ => state.clone(),
        }
    }

    /// DMLS-25: where both branches have moved a user, the lesser of the two roles stays.
    fn role(&self, user: &UserUri, role: u32, state: &RoomState) -> Verdict {
        let (base, now) = (self.base.room_state().role_of(user), state.role_of(user));
        if now == role {
            return Verdict::Done;
        }
        let goes_before = if planted!(PromotionWins) { Ordering::Greater } else { Ordering::Less };
        match now == base || lesser(role, now, state) == goes_before {
            true => Verdict::Due,
            false => Verdict::Abandoned("DMLS-25", format!("the head has {user} in role {now}, which is less than {role}")),
        }
    }

    /// DMLS-26: a client is not added for a user that takes no part, nor where the winning branch has removed it.
    fn add_client(&self, client: &ClientUri, at: &Group) -> Verdict {
        let user = client.user_uri();
        if holds(at, client) {
            return Verdict::Done;
        }
        let removed = holds(self.base, client) || (self.base.room_state().is_present(&user) && !at.room_state().is_present(&user));
        if removed || at.room_state().is_banned(&user) {
            return Verdict::Abandoned("DMLS-26", format!("{client} was removed on the winning branch"));
        }
        match at.room_state().hardening.is_on() && self.lost.cannot_harden().is_ok_and(|clients| clients.contains(client)) {
            true => Verdict::Abandoned("DMLS-34", format!("the winning branch is hardened, and {client} cannot")),
            false => Verdict::Due,
        }
    }

    /// DMLS-34: a group where somebody cannot take part is not hardened.
    fn hardening(&self, hardening: Hardening, at: &Group) -> Verdict {
        match self.replaced(&hardening, at, |state| &state.hardening) {
            Verdict::Due if hardening.is_on() && !at.cannot_harden().is_ok_and(|clients| clients.is_empty()) => {
                Verdict::Abandoned("DMLS-34", "the winning branch has clients that cannot".to_owned())
            }
            verdict => verdict,
        }
    }

    /// DMLS-28: what is replaced as a whole stays as the winning branch has it, if that has replaced it, too.
    fn replaced<T: PartialEq>(&self, value: &T, at: &Group, of: impl Fn(&RoomState) -> &T) -> Verdict {
        let now = of(at.room_state());
        match (now == value, now == of(self.base.room_state())) {
            (true, _) => Verdict::Done,
            (false, true) => Verdict::Due,
            (false, false) => Verdict::Abandoned("DMLS-28", "the winning branch has changed it, too".to_owned()),
        }
    }
}

/// Which of two roles is less: banned, then out of the room, then the one with fewer capabilities, then the lower index.
fn lesser(one: u32, other: u32, state: &RoomState) -> Ordering {
    let weight = |role: u32| match role {
        BANNED => (0, 0, 0),
        NO_ROLE => (1, 0, 0),
        role => (2, state.roles.role(role).map_or(0, |role| role.role_capabilities.len()), role),
    };
    weight(one).cmp(&weight(other))
}

/// Several losing branches: of what they want for one user, the least; of what is replaced as a whole, the first.
pub(super) fn among_losers(settlement: &mut Settlement, state: &RoomState) {
    let mut kept: Vec<Intent> = Vec::new();
    for intent in std::mem::take(&mut settlement.intents) {
        let rival = kept.iter().position(|other| concerns_the_same(&other.kind, &intent.kind));
        let Some(index) = rival else {
            kept.push(intent);
            continue;
        };
        if kept[index].kind == intent.kind {
            continue;
        }
        let wins = match (&intent.kind, &kept[index].kind) {
            (IntentKind::Role { role, .. }, IntentKind::Role { role: other, .. }) => lesser(*role, *other, state) == Ordering::Less,
            (IntentKind::RemoveClient(_), IntentKind::AddClient(_)) => true,
            _ => false,
        };
        let loser = if wins { std::mem::replace(&mut kept[index], intent) } else { intent };
        let why = "another losing branch wants less, or wanted it first".to_owned();
        settlement.abandoned.push(Abandoned { intent: loser, rule: "DMLS-25", why });
    }
    settlement.intents = kept;
}

/// DMLS-26: a client is not added for a user that takes no part when everything else is settled.
pub(super) fn without_room_for_them(settlement: &mut Settlement, state: &RoomState) {
    let after = settlement.anticipated(state);
    for intent in std::mem::take(&mut settlement.intents) {
        match &intent.kind {
            IntentKind::AddClient(client) if !after.is_present(&client.user_uri()) => {
                let why = format!("{} takes no part", client.user_uri());
                settlement.abandoned.push(Abandoned { intent, rule: "DMLS-26", why });
            }
            _ => settlement.intents.push(intent),
        }
    }
}

/// Whether a change takes back, or replaces, an earlier one on its own branch. What was taken from somebody stays due, whatever came
/// after it.
pub(super) fn overtakes(later: &IntentKind, earlier: &IntentKind, state: &RoomState) -> bool {
    use IntentKind::{AddClient, Hardening, Metadata, Policy, RemoveClient, Role, Roles};
    match (later, earlier) {
        (Role { user, role: NO_ROLE | BANNED }, AddClient(client)) => *user == client.user_uri(),
        (RemoveClient(gone), AddClient(client)) => gone == client,
        (Role { user, role }, Role { user: other, role: before }) => {
            user == other && lesser(*role, *before, state) != Ordering::Greater
        }
        (Metadata(_), Metadata(_)) | (Roles(_), Roles(_)) | (Policy(_), Policy(_)) | (Hardening(_), Hardening(_)) => true,
        _ => false,
    }
}

fn concerns_the_same(one: &IntentKind, other: &IntentKind) -> bool {
    use IntentKind::{AddClient, Hardening, Metadata, Policy, RemoveClient, Renew, Role, Roles};
    match (one, other) {
        (Role { user, .. }, Role { user: other, .. }) => user == other,
        (AddClient(client) | RemoveClient(client), AddClient(other) | RemoveClient(other)) => client == other,
        (Renew(client), Renew(other)) => client == other,
        (Metadata(_), Metadata(_)) | (Roles(_), Roles(_)) | (Policy(_), Policy(_)) | (Hardening(_), Hardening(_)) => true,
        _ => false,
    }
}

fn holds(group: &Group, client: &ClientUri) -> bool {
    group.members().iter().any(|member| member.client == *client)
}

const TURN_LABEL: &[u8] = b"causeway dmls/1 settling turn";

/// The place of a user in the order of settling.
pub(super) fn draw(head: &EpochId, user: &UserUri) -> [u8; 32] {
    let hash = Sha256::new().chain_update(TURN_LABEL).chain_update(head.as_bytes());
    hash.chain_update(user.as_str().as_bytes()).finalize().into()
}
