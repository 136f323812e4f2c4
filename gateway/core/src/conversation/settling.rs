//! After the graph of a room without a hub has changed (SPEC §15.3): what losing branches have left is settled in turns, and
//! Matrix follows the head.

use std::collections::BTreeMap;

use causeway_drafts::mimi_uri::{ClientUri, UserUri};
use causeway_mls::{CommitSummary, HeadChange, Settlement};
use sha2::{Digest, Sha256};

use super::bookkeeping::Settling;
use super::outgoing::lane;
use super::prepare::Prepared;
use super::{Conversation, Outgoing, Result, Turn};

/// How long each next settler waits for the one whose turn it is, ms.
const SETTLING_PATIENCE: u64 = 3_000;
/// After so long without a change, ms, the item that waits may be parked, and another one is queued.
const SETTLING_LIMIT: u64 = 3_600_000;

impl Conversation {
    /// What a losing branch has left to do, in our turn.
    pub(super) fn prepare_settle(&mut self, turn: &mut Turn<'_>, since: u64) -> Result<Prepared> {
        let since = self.book.settling.as_ref().map_or(since, |settling| settling.since);
        let prepared = self.settle(turn, since)?;
        if matches!(prepared, Prepared::Done) {
            self.book.settling = None;
        }
        Ok(prepared)
    }

    fn settle(&mut self, turn: &mut Turn<'_>, since: u64) -> Result<Prepared> {
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
        self.note_left(turn, &settlement)?;
        self.notice_conflict(turn)?;
        self.attend_to_peers_rooms(turn)?;
        self.attend_to_matrix_order(turn)?;
        self.attend_to_hub(turn)
    }

    /// What is left to settle is queued, once at a time. Turns are counted from when it last became something else: what somebody has
    /// settled meanwhile is no reason for all others to settle the rest at once.
    fn note_left(&mut self, turn: &mut Turn<'_>, settlement: &Settlement) -> Result<()> {
        if settlement.intents.is_empty() {
            return Ok(());
        }
        let left = hex::encode(Sha256::digest(format!("{:?}", settlement.intents)));
        match &mut self.book.settling {
            Some(settling) if turn.now < settling.since + SETTLING_LIMIT => {
                if settling.left != left {
                    *settling = Settling { since: turn.now, left };
                }
                Ok(())
            }
            _ => {
                self.book.settling = Some(Settling { since: turn.now, left });
                let item = Outgoing::Settle { since: turn.now };
                turn.send(lane::settlement(self.mimi_room()?.as_str()), item);
                Ok(())
            }
        }
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
