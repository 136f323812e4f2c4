//! Replays a group's stored epochs: every name recomputed, every link checked, every commit judged again where the state
//! that it was made in can be had.

mod replay;

use std::collections::BTreeMap;

use causeway_core::records::EpochRow;
use causeway_mls::{EpochId, Group};

use replay::Replay;

/// What is stored of a group.
pub(crate) struct Record {
    /// All epochs, parents first.
    pub(crate) epochs: Vec<EpochRow>,
    /// The public states that are kept, by epoch, or why one does not load.
    pub(crate) states: BTreeMap<Vec<u8>, Result<Group, String>>,
    /// Whether the group is without a hub: then its record may begin anew with an epoch that peers have told of.
    pub(crate) has_graph: bool,
}

/// Where the group is to stand now.
pub(crate) struct Head {
    /// The conversation's head.
    pub(crate) epoch_id: Vec<u8>,
    /// Its number.
    pub(crate) number: i64,
}

/// What is to be said of an epoch; nothing is good.
#[derive(Default)]
pub(crate) struct Verdict {
    /// What is wrong with it.
    pub(crate) problems: Vec<String>,
    /// Why its commit could not be judged.
    pub(crate) unchecked: Option<String>,
}

/// Of each epoch, in their order, and of the head.
pub(crate) fn verify(record: Record, head: &Head) -> (Vec<Verdict>, Vec<String>) {
    let head_problems = head_problems(&record, head);
    let known: BTreeMap<&[u8], &EpochRow> = record.epochs.iter().map(|epoch| (epoch.epoch_id.as_slice(), epoch)).collect();
    let links = record.epochs.iter().map(|epoch| links(epoch, &known, &record)).collect::<Vec<_>>();
    let mut replay = Replay::new(record.states, &head.epoch_id);
    let verdicts = record.epochs.iter().zip(links).map(|(epoch, verdict)| replay.judge(epoch, verdict)).collect();
    (verdicts, head_problems)
}

fn links(epoch: &EpochRow, known: &BTreeMap<&[u8], &EpochRow>, record: &Record) -> Verdict {
    let mut verdict = Verdict::default();
    if epoch.epoch_id.len() != 32 {
        verdict.problems.push(format!("its name has {} octets instead of 32", epoch.epoch_id.len()));
    }
    match (&epoch.parent_epoch_id, epoch.origin.as_str()) {
        (None, "committed") => verdict.problems.push("it was committed, but names no parent".to_owned()),
        (None, "created") if epoch.number != 0 => {
            verdict.problems.push(format!("it created the group with number {}", epoch.number));
        }
        (None, _) => {}
        (Some(parent), _) => link(&mut verdict, (epoch, parent), known.get(parent.as_slice()).copied(), record),
    }
    verdict
}

fn link(verdict: &mut Verdict, (epoch, parent): (&EpochRow, &[u8]), row: Option<&EpochRow>, record: &Record) {
    let name = short(parent);
    match row {
        Some(row) if row.number + 1 != epoch.number => {
            verdict.problems.push(format!("its number is {}, its parent's {}", epoch.number, row.number));
        }
        Some(_) => {}
        None if record.states.contains_key(parent) => {}
        None if record.has_graph => {
            verdict.unchecked = Some(format!("peers have told of its parent {name}, which is not on record"))
        }
        None => verdict.problems.push(format!("its parent {name} is not stored")),
    }
    match recomputed(parent, &epoch.commit) {
        Ok(id) if id.as_bytes() == epoch.epoch_id.as_slice() => {}
        Ok(id) => verdict.problems.push(format!("its commit after {name} opens {id:?}, not this epoch")),
        Err(why) => verdict.problems.push(format!("its commit cannot be read: {why}")),
    }
}

fn recomputed(parent: &[u8], commit: &[u8]) -> Result<EpochId, String> {
    let parent = <[u8; 32]>::try_from(parent).map_err(|_| "its parent's name has not 32 octets".to_owned())?;
    EpochId::from_bytes(parent).child(commit).map_err(|error| error.to_string())
}

fn head_problems(record: &Record, head: &Head) -> Vec<String> {
    let mut problems = Vec::new();
    let epochs = &record.epochs;
    let heads: Vec<&EpochRow> = epochs.iter().filter(|epoch| epoch.status == "head").collect();
    match heads.as_slice() {
        [row] if row.epoch_id == head.epoch_id => {}
        [row] => {
            problems.push(format!("the conversation is at {}, the last epoch is {}", short(&head.epoch_id), short(&row.epoch_id)))
        }
        others => problems.push(format!("{} epochs are heads", others.len())),
    }
    match epochs.iter().find(|epoch| epoch.epoch_id == head.epoch_id) {
        None => problems.push(format!("the conversation's epoch {} is not stored", short(&head.epoch_id))),
        Some(row) => {
            if row.number != head.number {
                problems.push(format!("the conversation counts {}, the epoch {}", head.number, row.number));
            }
            problems.extend(state_problem(row, record.states.get(&head.epoch_id)));
        }
    }
    let after = epochs.iter().find(|epoch| epoch.parent_epoch_id.as_ref() == Some(&head.epoch_id));
    problems.extend(after.map(|epoch| format!("it is not the last epoch of its branch: {} follows", short(&epoch.epoch_id))));
    problems
}

/// What is wrong with the stored state of an epoch, as far as its row tells.
fn state_problem(row: &EpochRow, state: Option<&Result<Group, String>>) -> Option<String> {
    let tag = match state {
        None => return Some("the stored public state does not load: there is none".to_owned()),
        Some(Err(why)) => Err(why.clone()),
        Some(Ok(group)) => group.confirmation_tag().map_err(|error| error.to_string()),
    };
    match tag {
        Err(why) => Some(format!("the stored public state does not load: {why}")),
        Ok(tag) if tag == row.confirmation_tag => None,
        Ok(tag) => {
            Some(format!("its confirmation tag is {}, the stored public state's {}", short(&row.confirmation_tag), short(&tag)))
        }
    }
}

fn short(bytes: &[u8]) -> String {
    hex::encode(bytes.get(..4).unwrap_or(bytes))
}
