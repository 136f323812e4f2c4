//! openmls' storage, in memory: every value whole, under its label and its key.
//!
//! What an earlier version stored is JSON under keys in JSON. It is read as it is; what is written is written anew.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rmp_serde::config::BytesMode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::spans::Unreadable;
use crate::rows::Rows;

/// Follows the label in a key. In keys of the earlier version JSON does.
const SEPARATOR: u8 = b'/';
/// Ended keys of the earlier version: openmls' number of its storage.
const EARLY_END: [u8; 2] = [0, 1];

/// Values by key, each whole.
#[derive(Debug, Default)]
#[cfg_attr(not(feature = "planted-bugs"), allow(unreachable_pub, reason = "tests look at openmls' own view"))]
pub struct Storage {
    values: RwLock<Values>,
    /// Trees are not taken: whoever works with it has the public state already.
    without_trees: bool,
}

#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) whole: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Rows of the earlier version.
    pub(super) early: Rows,
}

/// Where a value stands.
pub(super) struct Slot {
    key: Vec<u8>,
    early: Vec<u8>,
}

impl Slot {
    /// The one value of a label in a group: whose group it is, is known.
    pub(super) fn of_group(label: &str, group_id: &impl Serialize) -> Result<Self, Unreadable> {
        Ok(Self { key: key(label, &[]), early: early_key(label, &json(group_id)?) })
    }

    pub(super) fn of_key(label: &str, name: &impl Serialize) -> Result<Self, Unreadable> {
        Ok(Self { key: key(label, &encode(name)?), early: early_key(label, &json(name)?) })
    }

    pub(super) fn of_proposal(label: &str, group_id: &impl Serialize, reference: &impl Serialize) -> Result<Self, Unreadable> {
        Ok(Self { key: key(label, &encode(reference)?), early: early_key(label, &json(&(group_id, reference))?) })
    }

    pub(super) fn of_epoch(
        label: &str,
        group_id: &impl Serialize,
        (epoch, leaf): (&impl Serialize, u32),
    ) -> Result<Self, Unreadable> {
        let early = [json(group_id)?, json(epoch)?, json(&leaf)?].concat();
        Ok(Self { key: key(label, &encode(&(epoch, leaf))?), early: early_key(label, &early) })
    }
}

/// A key: the label, and what tells values with the same label apart.
pub(super) fn key(label: &str, name: &[u8]) -> Vec<u8> {
    [label.as_bytes(), &[SEPARATOR], name].concat()
}

fn early_key(label: &str, name: &[u8]) -> Vec<u8> {
    [label.as_bytes(), name, &EARLY_END].concat()
}

/// A key's label; none if the key is of the earlier version.
pub(super) fn label_of(key: &[u8]) -> Option<&str> {
    let label = any_label_of(key);
    (key.get(label.len()) == Some(&SEPARATOR)).then_some(label)
}

/// A key's label, whichever version it is of.
pub(super) fn any_label_of(key: &[u8]) -> &str {
    let end = key.iter().position(|octet| !octet.is_ascii_alphabetic()).unwrap_or(key.len());
    key.get(..end).and_then(|label| std::str::from_utf8(label).ok()).unwrap_or_default()
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Unreadable> {
    serde_json::to_vec(value).map_err(Unreadable::codec)
}

/// MessagePack, structures as arrays, octets as octets.
pub(super) fn encode(value: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, Unreadable> {
    let mut encoded = Vec::new();
    value.serialize(&mut rmp_serde::Serializer::new(&mut encoded).with_bytes(BytesMode::ForceAll)).map_err(Unreadable::codec)?;
    Ok(encoded)
}

pub(super) fn decode<'a, T: Deserialize<'a>>(encoded: &'a [u8]) -> Result<T, Unreadable> {
    rmp_serde::from_slice(encoded).map_err(Unreadable::codec)
}

impl Storage {
    pub(super) fn holding(values: Values) -> Self {
        Self { values: RwLock::new(values), without_trees: false }
    }

    pub(super) fn taking_trees(self, takes: bool) -> Self {
        Self { without_trees: !takes, ..self }
    }

    pub(super) fn takes_trees(&self) -> bool {
        !self.without_trees
    }

    pub(super) fn values(&self) -> RwLockReadGuard<'_, Values> {
        self.values.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn values_mut(&self) -> RwLockWriteGuard<'_, Values> {
        self.values.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of a label's value. Whether nothing is left that the earlier version stored.
    pub(super) fn forget(&self, label: &str) -> bool {
        let mut values = self.values_mut();
        values.whole.remove(&key(label, &[]));
        values.early.is_empty()
    }

    pub(super) fn put(&self, slot: &Slot, value: &(impl Serialize + ?Sized)) -> Result<(), Unreadable> {
        let encoded = encode(value)?;
        let mut values = self.values_mut();
        values.early.remove(&slot.early);
        values.whole.insert(slot.key.clone(), encoded);
        Ok(())
    }

    pub(super) fn get<T: DeserializeOwned>(&self, slot: &Slot) -> Result<Option<T>, Unreadable> {
        let values = self.values();
        match (values.whole.get(&slot.key), values.early.get(&slot.early)) {
            (Some(value), _) => decode(value).map(Some),
            (None, Some(early)) => serde_json::from_slice(early).map(Some).map_err(Unreadable::codec),
            (None, None) => Ok(None),
        }
    }

    pub(super) fn delete(&self, slot: &Slot) {
        let mut values = self.values_mut();
        values.early.remove(&slot.early);
        values.whole.remove(&slot.key);
    }

    /// All of a list, oldest first. The earlier version had JSON within JSON.
    pub(super) fn list<T: DeserializeOwned>(&self, slot: &Slot) -> Result<Vec<T>, Unreadable> {
        let values = self.values();
        match (values.whole.get(&slot.key), values.early.get(&slot.early)) {
            (Some(list), _) => decode::<Vec<ByteBuf>>(list)?.iter().map(|item| decode(item)).collect(),
            (None, Some(early)) => {
                let items: Vec<Vec<u8>> = serde_json::from_slice(early).map_err(Unreadable::codec)?;
                items.iter().map(|item| serde_json::from_slice(item).map_err(Unreadable::codec)).collect()
            }
            (None, None) => Ok(Vec::new()),
        }
    }

    pub(super) fn put_list<T: Serialize>(&self, slot: &Slot, items: &[T]) -> Result<(), Unreadable> {
        let items = items.iter().map(|item| encode(item).map(ByteBuf::from)).collect::<Result<Vec<_>, _>>()?;
        self.put(slot, &items)
    }
}
