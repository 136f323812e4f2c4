//! After the graph of a room without a hub has changed (SPEC §15.3): what losing branches have left is settled in turns, and
//! Matrix follows the head.

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_mls::{CommitSummary, HeadChange};

use super::outgoing::lane;
use super::prepare::Prepared;
use super::{Conversation, Outgoing, Result, Turn};

/// How long each next settler waits for the one whose turn it is, ms.
const SETTLING_PATIENCE: u64 = 3_000;

impl Conversation {
    /// What a losing branch has left to do, in our turn.
    pub(super) fn prepare_settle(&mut self, turn: &mut Turn<'_>, since: u64) -> Result<Prepared> {
        let Some(forkable) = &self.forkable else { return Ok(Prepared::Done) };
        if forkable.conflict().is_some() {
            return Ok(Prepared::Wait(SETTLING_PATIENCE));
        }
        let settlement = forkable.settlement()?;
        let head = forkable.head_state()?;
        let mut waiting = None;
        for client in self.own_members()? {
            let user = client.user_uri();
            let Some(plan) = settlement.plan_for(&client, head, &BTreeMap::new()) else { continue };
            let due = since + SETTLING_PATIENCE * forkable.settling_turn(&settlement, &user)? as u64;
            if due <= turn.now {
                self.leaderless_commit_as(turn, &client, &plan)?;
                // Roles and participants take a commit each: what is left is looked at again.
                return Ok(Prepared::Wait(0));
            }
            waiting = Some(waiting.map_or(due, |first: u64| first.min(due)));
        }
        if let Some(due) = waiting {
            return Ok(Prepared::Wait(due - turn.now));
        }
        let missing: Vec<UserUri> = settlement.clients_to_add().map(ClientUri::user_uri).collect();
        self.claim_missing(turn, missing)?;
        Ok(Prepared::Done)
    }

    /// Clients that a losing branch had added need new KeyPackages.
    fn claim_missing(&mut self, turn: &mut Turn<'_>, users: Vec<UserUri>) -> Result<()> {
        for user in users {
            let ghost = self.matrix_user(turn, &user);
            let wanted = turn.gateway.names.ghost_to_mimi(&ghost).is_some() && self.is_participant(&user) && !self.has_leaf(&user);
            if wanted && !self.book.claiming.contains(user.as_str()) {
                self.claim(turn, &ghost, &user)?;
            }
        }
        Ok(())
    }

    /// After the graph has changed: old secrets go, stranded clients come back, what is left to settle is queued.
    pub(super) fn after_head(&mut self, turn: &mut Turn<'_>) -> Result<()> {
        let forkable = self.forkable()?;
        forkable.forget();
        let (stranded, settlement) = (!forkable.stranded()?.is_empty(), forkable.settlement()?);
        let head = forkable.head().id.to_string();
        self.book.forget_other_heads(&head);
        self.follow_head()?;
        if stranded {
            self.want_group_info(turn)?;
        }
        if !settlement.intents.is_empty() {
            let item = Outgoing::Settle { since: turn.now };
            turn.send(lane::settlement(self.mimi_room()?.as_str()), item);
        }
        self.notice_conflict(turn)?;
        self.attend_to_peers_rooms(turn)?;
        self.attend_to_matrix_order(turn)?;
        self.attend_to_hub(turn)
    }

    /// Carries over to Matrix what a move of the head means, as if it were one commit.
    pub(super) fn mirror_head_change(&mut self, turn: &mut Turn<'_>, change: &HeadChange, made: &[CommitSummary]) -> Result<()> {
        let Some(forkable) = &self.forkable else { return Ok(()) };
        let before = forkable.state(&change.from.id)?.room_state().clone();
        let after = forkable.settlement()?.anticipated(forkable.state(&change.to.id)?.room_state());
        let Some(last) = made.last() else { return Ok(()) };
        let actors = made.iter().flat_map(|summary| summary.actors.clone()).collect();
        let committers = made.iter().flat_map(|summary| {
            let touched = summary.participants_removed().into_iter().chain(summary.participants_added());
            let committer = summary.committer.user_uri();
            touched.map(move |user| (user, committer.clone()))
        });
        let mut actors: Vec<_> = actors;
        actors.extend(committers);
        let summary = CommitSummary { before, after, actors, added: Vec::new(), removed: Vec::new(), ..last.clone() };
        self.mirror_commit(turn, &summary)
    }
}
