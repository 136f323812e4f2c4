//! Replays a group's stored epochs: every name recomputed, every link checked.

use std::collections::BTreeMap;

use causeway_core::records::EpochRow;
use causeway_mls::EpochId;

/// Where the group is to stand now.
pub(crate) struct Head {
    /// The conversation's head.
    pub(crate) epoch_id: Vec<u8>,
    /// Its number.
    pub(crate) number: i64,
    /// The confirmation tag of the stored public state, or why there is none.
    pub(crate) state_tag: Result<Vec<u8>, String>,
}

/// What is wrong with each epoch, in their order; nothing is good.
pub(crate) fn epochs(epochs: &[EpochRow]) -> Vec<Vec<String>> {
    let known: BTreeMap<&[u8], &EpochRow> = epochs.iter().map(|epoch| (epoch.epoch_id.as_slice(), epoch)).collect();
    epochs.iter().map(|epoch| epoch_problems(epoch, &known)).collect()
}

fn epoch_problems(epoch: &EpochRow, known: &BTreeMap<&[u8], &EpochRow>) -> Vec<String> {
    let mut problems = Vec::new();
    if epoch.epoch_id.len() != 32 {
        problems.push(format!("its name has {} octets instead of 32", epoch.epoch_id.len()));
    }
    match (&epoch.parent_epoch_id, epoch.origin.as_str()) {
        (None, "committed") => problems.push("it was committed, but names no parent".to_owned()),
        (None, "created") if epoch.number != 0 => problems.push(format!("it created the group with number {}", epoch.number)),
        (None, _) => {}
        (Some(parent), _) => problems.extend(link_problems(epoch, parent, known)),
    }
    problems
}

fn link_problems(epoch: &EpochRow, parent: &[u8], known: &BTreeMap<&[u8], &EpochRow>) -> Vec<String> {
    let mut problems = Vec::new();
    let short = hex::encode(parent.get(..4).unwrap_or(parent));
    match known.get(parent) {
        None => problems.push(format!("its parent {short} is not stored")),
        Some(row) if row.number + 1 != epoch.number => {
            problems.push(format!("its number is {}, its parent's {}", epoch.number, row.number));
        }
        Some(_) => {}
    }
    match recomputed(parent, &epoch.commit) {
        Ok(id) if id.as_bytes() == epoch.epoch_id.as_slice() => {}
        Ok(id) => problems.push(format!("its commit after {short} opens {id:?}, not this epoch")),
        Err(why) => problems.push(format!("its commit cannot be read: {why}")),
    }
    problems
}

fn recomputed(parent: &[u8], commit: &[u8]) -> Result<EpochId, String> {
    let parent = <[u8; 32]>::try_from(parent).map_err(|_| "its parent's name has not 32 octets".to_owned())?;
    EpochId::from_bytes(parent).child(commit).map_err(|error| error.to_string())
}

/// What is wrong with the head.
pub(crate) fn head(epochs: &[EpochRow], head: &Head) -> Vec<String> {
    let mut problems = Vec::new();
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
            problems.extend(tag_problem(row, &head.state_tag));
        }
    }
    problems
}

fn tag_problem(row: &EpochRow, state_tag: &Result<Vec<u8>, String>) -> Option<String> {
    match state_tag {
        Err(why) => Some(format!("the stored public state does not load: {why}")),
        Ok(tag) if *tag == row.confirmation_tag => None,
        Ok(tag) => {
            Some(format!("its confirmation tag is {}, the stored public state's {}", short(&row.confirmation_tag), short(tag)))
        }
    }
}

fn short(bytes: &[u8]) -> String {
    hex::encode(bytes.get(..4).unwrap_or(bytes))
}
