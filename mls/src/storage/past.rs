//! What stays of a client's rows when its epoch is over and a hub orders the commits: enough to open stragglers, and
//! nothing that leads to another epoch [RFC 9420 §9.2].

use serde_json::Value;

use super::message_secrets::{PAGE, RATCHETS};
use super::openmls::{EPOCH_SECRETS, GROUP_STATE, JOIN_CONFIG, MESSAGE_SECRETS, OWN_LEAF_INDEX, RESUMPTION_PSKS};
use super::spans::{self, Unreadable};
use super::values::any_label_of;
use super::{as_whole, form_of};
use crate::rows::Rows;

/// The first three open messages; openmls loads no group without the others, nor without [`BLANK`].
const KEPT: [&str; 6] = [MESSAGE_SECRETS, PAGE, RATCHETS, JOIN_CONFIG, GROUP_STATE, OWN_LEAF_INDEX];
/// What lead to other epochs.
const BLANK: [&str; 2] = [EPOCH_SECRETS, RESUMPTION_PSKS];

/// The rows that open messages.
pub(crate) fn for_stragglers(rows: &Rows) -> Rows {
    let kept = rows.iter().filter(|(key, _)| KEPT.contains(&any_label_of(key)));
    kept.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Zeros for what such rows lack, from the rows of an epoch that has it.
///
/// # Errors
/// If a row is not what was stored.
pub(crate) fn blanks(rows: &Rows) -> Result<Rows, Unreadable> {
    let lacking = rows.iter().filter(|(key, _)| BLANK.contains(&any_label_of(key)));
    lacking.map(|(key, value)| Ok((key.clone(), blank(value)?))).collect()
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
