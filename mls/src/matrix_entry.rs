//! The state events by which a Matrix room orders commits (SPEC §14.11).

use serde_json::{Value, json};

use crate::EpochId;

const CHILD: &str = "epoch_id";

/// An entry of a room's order: of the commits made in an epoch, this one is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatrixEntry {
    /// The epoch that the commits were made in.
    pub parent: EpochId,
    /// The epoch that the accepted one opens.
    pub child: EpochId,
}

impl MatrixEntry {
    /// The type of the state events.
    pub const EVENT_TYPE: &str = "org.causeway.dmls.epoch";

    /// Its state key: the parent's name in lower-case hexadecimal digits.
    pub fn state_key(&self) -> String {
        self.parent.to_string()
    }

    /// Its content, which names the child likewise.
    pub fn content(&self) -> Value {
        json!({ CHILD: self.child.to_string() })
    }

    /// What a state event of this type says; nothing if it has another form, so that no epoch has two state keys.
    pub fn read(state_key: &str, content: &Value) -> Option<Self> {
        Some(Self { parent: named(state_key)?, child: named(content.get(CHILD)?.as_str()?)? })
    }
}

fn named(text: &str) -> Option<EpochId> {
    text.parse().ok().filter(|id: &EpochId| id.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dmls_36_an_entry_has_one_form() {
        let entry = MatrixEntry { parent: EpochId::from_bytes([0xAB; 32]), child: EpochId::from_bytes([7; 32]) };
        assert_eq!((entry.state_key(), entry.content()), ("ab".repeat(32), json!({ "epoch_id": "07".repeat(32) })));
        assert_eq!(MatrixEntry::read(&entry.state_key(), &entry.content()), Some(entry));
        assert_eq!(MatrixEntry::read(&"AB".repeat(32), &entry.content()), None);
        assert_eq!(MatrixEntry::read("", &entry.content()), None);
        for content in [json!({}), json!({ "epoch_id": 7 }), json!({ "epoch_id": "07" }), json!({ "epoch_id": "AB".repeat(32) })] {
            assert_eq!(MatrixEntry::read(&entry.state_key(), &content), None);
        }
    }
}
