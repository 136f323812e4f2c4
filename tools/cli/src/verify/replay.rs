//! Commits, judged again at their parents, on every branch: a state that is kept, or that has just been replayed.

use std::collections::BTreeMap;

use causeway_core::records::EpochRow;
use causeway_mls::{Group, MlsError};

use super::{Verdict, short, state_problem};

/// The states that commits can be judged at.
pub(super) struct Replay<'a> {
    kept: BTreeMap<Vec<u8>, Result<Group, String>>,
    /// Of epochs whose state is kept no longer.
    replayed: BTreeMap<Vec<u8>, Group>,
    /// Of its state the head's own line speaks.
    head: &'a [u8],
}

impl<'a> Replay<'a> {
    pub(super) fn new(kept: BTreeMap<Vec<u8>, Result<Group, String>>, head: &'a [u8]) -> Self {
        Self { kept, replayed: BTreeMap::new(), head }
    }

    /// Judges an epoch whose links have been checked; its parent has been judged before.
    pub(super) fn judge(&mut self, epoch: &EpochRow, mut verdict: Verdict) -> Verdict {
        if let Some(state) = self.kept.get(&epoch.epoch_id).filter(|_| epoch.epoch_id != self.head) {
            verdict.problems.extend(state_problem(epoch, Some(state)));
        }
        let Some(parent) = &epoch.parent_epoch_id else { return verdict };
        // What does not fit already would only be said in other words.
        if !verdict.problems.is_empty() || verdict.unchecked.is_some() {
            return verdict;
        }
        match self.replay(epoch, parent) {
            Ok(problems) => verdict.problems = problems,
            Err(why) => verdict.unchecked = Some(why),
        }
        verdict
    }

    /// What is wrong, or why that cannot be said.
    fn replay(&mut self, epoch: &EpochRow, parent: &[u8]) -> Result<Vec<String>, String> {
        let name = short(parent);
        let state = match (self.kept.get(parent), self.replayed.get(parent)) {
            (Some(Ok(state)), _) | (_, Some(state)) => state,
            (Some(Err(_)), None) => return Err(format!("the state of its parent {name} does not load")),
            (None, None) => return Err(format!("the state of its parent {name} is not kept")),
        };
        let opened = match state.replay(&epoch.commit) {
            Ok(Some(opened)) => opened,
            Ok(None) => {
                let why = "its commit refers to proposals that are not kept, or adds a KeyPackage that has run out since";
                return Err(why.to_owned());
            }
            Err(error) => return Ok(vec![format!("its commit is not valid after {name}: {error}")]),
        };
        let problems = differences(&opened, epoch, self.kept.get(&epoch.epoch_id));
        self.replayed.insert(epoch.epoch_id.clone(), opened);
        problems.map_err(|error| format!("what its commit opens cannot be compared: {error}"))
    }
}

/// Where what a commit opens is not what is stored of the epoch.
fn differences(opened: &Group, epoch: &EpochRow, stored: Option<&Result<Group, String>>) -> Result<Vec<String>, MlsError> {
    let mut problems = Vec::new();
    let tag = opened.confirmation_tag()?;
    if tag != epoch.confirmation_tag {
        problems.push(format!("its confirmation tag is {}, its commit's {}", short(&epoch.confirmation_tag), short(&tag)));
    }
    if let Some(Ok(stored)) = stored {
        if opened.group_context()? != stored.group_context()? {
            problems.push("the GroupContext that its commit opens is not the stored one".to_owned());
        }
        if opened.ratchet_tree()? != stored.ratchet_tree()? {
            problems.push("the ratchet tree that its commit opens is not the stored one".to_owned());
        }
    }
    Ok(problems)
}
