//! What stays of a client's rows when its epoch is over and a hub orders the commits: enough to open stragglers, and
//! nothing that leads to another epoch [RFC 9420 §9.2].

use serde_json::Value;

use super::message_secrets::{PAGE, RATCHETS};
use super::openmls::{EPOCH_SECRETS, GROUP_STATE, JOIN_CONFIG, MESSAGE_SECRETS, OWN_LEAF_INDEX, RESUMPTION_PSKS};
use super::spans::{self, Unreadable};
use super::values::any_label_of;
use super::{OURS, as_whole, form_of};
use crate::rows::Rows;

/// openmls loads no group without the others; only the first three are of use.
const KEPT: [&str; 6] = [MESSAGE_SECRETS, PAGE, RATCHETS, JOIN_CONFIG, GROUP_STATE, OWN_LEAF_INDEX];

/// The rows that open messages. The epoch's secrets, without which openmls loads no group, are 0.
///
/// # Errors
/// If a row is not what was stored.
pub(crate) fn for_stragglers(rows: &Rows) -> Result<Rows, Unreadable> {
    let mut kept = Rows::new();
    for (key, value) in rows.iter().filter(|(key, _)| !key.starts_with(OURS)) {
        match any_label_of(key) {
            label if KEPT.contains(&label) => kept.insert(key.clone(), value.clone()),
            EPOCH_SECRETS | RESUMPTION_PSKS => kept.insert(key.clone(), blank(value)?),
            _ => continue,
        };
    }
    Ok(kept)
}

fn blank(row: &[u8]) -> Result<Vec<u8>, Unreadable> {
    match form_of(row) {
        Ok((_, value)) => spans::blank(value).map(|value| as_whole(&value)),
        // As the earlier version stored it.
        Err(_) => {
            let mut value = serde_json::from_slice(row).map_err(Unreadable::codec)?;
            blank_numbers(&mut value);
            serde_json::to_vec(&value).map_err(Unreadable::codec)
        }
    }
}

fn blank_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => *number = 0.into(),
        Value::Array(values) => values.iter_mut().for_each(blank_numbers),
        Value::Object(fields) => fields.values_mut().for_each(blank_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
