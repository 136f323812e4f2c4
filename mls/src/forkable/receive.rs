//! Commits of others: found a parent, judged there, placed, followed.

use causeway_drafts::mimi_protocol_06::message::MessageKind;
use causeway_drafts::mimi_uri::ClientUri;

use super::size::check_size;
use super::{ForkableGroup, HeadChange, Judge, is_in_graph};
use crate::graph::{CommitClass, CommitFacts, Placement, Refusal};
use crate::group::{Child, CommitSummary, Group, StagedEpoch, Unfit, handshake};
use crate::planted::planted;
use crate::{EpochId, EpochRecord, EpochRef, MlsError};

/// What became of one commit. A refusal is an outcome, not an error: the sender was wrong, not the call.
#[derive(Debug)]
pub enum CommitOutcome {
    /// It has a place in the graph.
    Placed(Box<Placed>),
    /// Its parent is not known yet; it is tried again when that one comes.
    Waits,
    /// It is known.
    Duplicate(EpochId),
    /// It differs from a known commit in its unsigned tags only; own clients that could not open that one and can open
    /// this one are named.
    Variant {
        /// The epoch that both open.
        id: EpochId,
        /// Who can open this one.
        opened_by: Vec<ClientUri>,
    },
    /// It is refused.
    Refused(MlsError),
}

impl CommitOutcome {
    /// Its stable name, for figures.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Placed(placed) => match placed.placement {
                Placement::WinsFork { .. } => "wins_fork",
                Placement::LosesFork => "loses_fork",
                _ => "extends_head",
            },
            Self::Waits => "waits",
            Self::Duplicate(_) => "duplicate",
            Self::Variant { .. } => "variant",
            Self::Refused(_) => "refused",
        }
    }
}

/// A commit in the graph.
#[derive(Debug)]
pub struct Placed {
    /// The epoch that it opens.
    pub epoch: EpochRef,
    /// Where it stands.
    pub placement: Placement,
    /// What it does.
    pub summary: CommitSummary,
    /// Own clients that are in the new epoch and could not open the commit: the commit is valid all the same.
    pub unopened: Vec<ClientUri>,
}

/// What became of a commit, and of those that had waited for it.
#[derive(Debug)]
pub struct Received {
    /// First the commit itself.
    pub outcomes: Vec<CommitOutcome>,
    /// Whether the head has moved.
    pub head: Option<HeadChange>,
}

impl ForkableGroup {
    /// Takes a commit, an MLSMessage. `parent` is a hint of whoever carried it; without, the epochs with the number that
    /// the commit names are tried in turn. Whatever comes of it, nothing is half-done.
    ///
    /// # Errors
    /// [`MlsError::UnknownProvider`] where it cannot be judged before somebody asks for that provider's roots, and what is wrong on our side.
    pub fn receive_commit(&mut self, commit: &[u8], parent: Option<EpochId>, judge: Judge<'_>) -> Result<Received, MlsError> {
        let before = self.head();
        let mut outcomes = Vec::new();
        let mut due = vec![(commit.to_vec(), parent)];
        while let Some((commit, parent)) = due.pop() {
            let outcome = match self.receive_one(&commit, parent, judge) {
                // What has waited for another commit holds that one up by nothing: it waits on. So does what needs a
                // provider that does not answer: it holds up nothing of what it is told with.
                Err(MlsError::UnknownProvider(provider)) if !outcomes.is_empty() || judge.roots.is_out_of_reach(&provider) => {
                    let number = self.number_of(&commit)?;
                    self.wait(number, &commit)
                }
                outcome => outcome?,
            };
            if let CommitOutcome::Placed(placed) = &outcome {
                due.extend(self.waiting.take_commits(placed.epoch.number).into_iter().map(|commit| (commit, None)));
                self.retry_statements(judge)?;
            }
            outcomes.push(outcome);
        }
        Ok(Received { outcomes, head: self.change_since(before) })
    }

    fn receive_one(&mut self, commit: &[u8], hint: Option<EpochId>, judge: Judge<'_>) -> Result<CommitOutcome, MlsError> {
        let number = match self.number_of(commit) {
            Ok(number) => number,
            Err(error) => return Ok(CommitOutcome::Refused(error)),
        };
        let mut candidates = self.graph.with_number(number);
        candidates.sort_by_key(|candidate| Some(*candidate) != hint);
        for parent in &candidates {
            let id = match parent.child(commit) {
                Ok(id) => id,
                Err(error) => return Ok(CommitOutcome::Refused(error)),
            };
            if self.graph.contains(&id) && !planted!(DuplicateApplied) {
                return self.receive_again(id, commit, judge);
            }
        }
        let candidates = candidates.into_iter().map(|id| EpochRef { id, number });
        let (admitting, closed): (Vec<_>, Vec<_>) = candidates.partition(|parent| self.graph.admits(parent).is_ok());
        for parent in admitting {
            if let Some(outcome) = self.try_parent(parent, commit, judge)? {
                return Ok(outcome);
            }
        }
        for parent in closed {
            if let Some(refusal) = self.refusal_at(&parent, commit, judge)? {
                return Ok(CommitOutcome::Refused(MlsError::NotPlaced(refusal)));
            }
        }
        Ok(self.wait(number, commit))
    }

    /// Why an epoch that admits no commit refuses this one; none if that was not made there.
    fn refusal_at(&self, parent: &EpochRef, commit: &[u8], judge: Judge<'_>) -> Result<Option<Refusal>, MlsError> {
        let judged = self.state(&parent.id)?.judge(commit, judge.roots, judge.now_ms);
        Ok(self.graph.admits(parent).err().filter(|_| !matches!(judged, Err(Unfit::MadeElsewhere(_)))))
    }

    /// The number of the epoch that a commit was made in.
    fn number_of(&self, commit: &[u8]) -> Result<u64, MlsError> {
        let message = handshake(commit, MessageKind::Commit)?;
        match message.group_id().as_slice() == self.group_id()? {
            true => Ok(message.epoch().as_u64()),
            false => Err(MlsError::Invalid("P-008: the commit is for another group".to_owned())),
        }
    }

    /// None if the commit was not made in this epoch.
    fn try_parent(&mut self, parent: EpochRef, commit: &[u8], judge: Judge<'_>) -> Result<Option<CommitOutcome>, MlsError> {
        match self.judge_at(&parent.id, commit, judge)? {
            Ok(staged) => match check_size(commit, self.state(&parent.id)?, staged.summary()) {
                Ok(()) => self.place(parent.id, commit, staged).map(Some),
                Err(refused) => Ok(Some(CommitOutcome::Refused(refused))),
            },
            Err(Unfit::MadeElsewhere(_)) => Ok(None),
            Err(Unfit::Refused(error @ (MlsError::UnknownProvider(_) | MlsError::Stored(_)))) => Err(error),
            Err(Unfit::Refused(error) | Unfit::Incomplete(error) | Unfit::RunOut(error)) => Ok(Some(CommitOutcome::Refused(error))),
        }
    }

    fn place(&mut self, parent: EpochId, commit: &[u8], staged: StagedEpoch) -> Result<CommitOutcome, MlsError> {
        let facts = facts(parent, commit, &staged)?;
        let summary = staged.summary().clone();
        let Child { group, record, unopened } = self.state(&parent)?.child(staged)?;
        let group = self.unused(group);
        let epoch = group.epoch();
        let waited = self.waited_for(&epoch.id, &group);
        let placement = self.graph.place_with(facts, waited.iter().map(|signed| signed.statement().clone()).collect());
        waited.into_iter().for_each(|signed| self.remember(signed));
        if self.graph.contains(&epoch.id) {
            self.keep(record, group)?;
        }
        self.drop_unknown_states();
        match placement {
            Placement::Refused(refusal) => Ok(CommitOutcome::Refused(MlsError::NotPlaced(refusal))),
            placement if is_in_graph(&placement) => {
                Ok(CommitOutcome::Placed(Box::new(Placed { epoch, placement, summary, unopened })))
            }
            _ => Ok(CommitOutcome::Duplicate(epoch.id)),
        }
    }

    /// An epoch has come to be.
    pub(super) fn keep(&mut self, record: EpochRecord, group: Group) -> Result<(), MlsError> {
        self.commits.insert(record.id, vec![record.commit.clone()]);
        self.own.extend(group.own_clients().cloned());
        if planted!(ParentDeletedAtMerge)
            && let Some(parent) = record.parent.and_then(|parent| self.states.get_mut(&parent))
        {
            parent.drop_secrets();
        }
        let id = record.id;
        self.put_state(id, group);
        if !planted!(RecordsForgotten) {
            self.records.push(record);
        }
        self.puncture_before(&id)
    }

    /// Where own clients have entered an epoch, nobody can from its parent, which is kept (DMLS-35). All that are there are
    /// punctured, since all could draw the same PSK.
    pub(super) fn puncture_before(&mut self, id: &EpochId) -> Result<(), MlsError> {
        let (Some(facts), Some(commit)) = (self.graph.commit(id), self.commits.get(id).and_then(|all| all.first())) else {
            return Ok(());
        };
        let is_held = self.states.get(id).is_some_and(|state| state.own_clients().next().is_some());
        match self.states.get_mut(&facts.parent).filter(|_| is_held) {
            Some(parent) => parent.puncture(commit),
            None => Ok(()),
        }
    }

    /// What is stored of an epoch that had gone and comes again is changed, and not stored a second time.
    pub(super) fn put_state(&mut self, id: EpochId, group: Group) {
        let group = match self.forgotten.remove(&id).flatten() {
            Some(mut former) => {
                former.replace(group);
                former
            }
            None => group,
        };
        self.states.insert(id, group);
    }

    /// Epochs that the graph has given up, to make room for better ones.
    pub(super) fn drop_unknown_states(&mut self) {
        let dropped: Vec<EpochId> = self.states.keys().filter(|id| !self.graph.contains(id)).copied().collect();
        for id in dropped {
            self.let_go(&id);
        }
    }

    fn wait(&mut self, number: u64, commit: &[u8]) -> CommitOutcome {
        if number < self.graph.root().number {
            return CommitOutcome::Refused(MlsError::NotPlaced(Refusal::Final));
        }
        match self.waiting.keep_commit(number, commit) {
            true => CommitOutcome::Waits,
            false => CommitOutcome::Refused(MlsError::FutureEpoch { current: self.head().number }),
        }
    }
}

/// What the graph has to know of a judged commit.
pub(super) fn facts(parent: EpochId, commit: &[u8], staged: &StagedEpoch) -> Result<CommitFacts, MlsError> {
    let summary = staged.summary();
    Ok(CommitFacts {
        id: parent.child(commit)?,
        parent,
        term: staged.term(),
        committer: summary.committer.clone(),
        class: CommitClass::of(summary),
    })
}
