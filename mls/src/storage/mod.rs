//! openmls' storage, served from memory: rows in, rows out. No call of openmls ever reaches a database.
//!
//! openmls writes values whole, the tree of thousands of members as one, and all secrets of an epoch's messages as one.
//! Here they come apart on the way to rows, so that a commit writes what it changed and a message writes its sender's
//! ratchet: public state into [nodes](node) that epochs share, secrets into [rows](message_secrets) of their own. Where
//! to cut is said by position ([`public`], [`message_secrets`]): that is the shape of openmls 0.9.2's values, which a
//! test compares with their names. Each row begins with its form, and one of another form is refused.

mod blob;
mod message_secrets;
pub(crate) mod node;
mod openmls;
mod past;
pub(crate) mod public;
mod spans;
#[cfg(test)]
mod tests;
mod tree;
mod values;

use ::openmls::prelude::{ConfirmationTag, GroupContext};
use openmls_traits::OpenMlsProvider;
use serde::de::DeserializeOwned;

use self::message_secrets::{PAGE, RATCHETS};
use self::openmls::{CONFIRMATION_TAG, GROUP_CONTEXT, MESSAGE_SECRETS, RESUMPTION_PSKS, TREE, no_resumption_psks};
pub(crate) use self::past::{blanks, for_stragglers};
pub(crate) use self::public::Public;
use self::spans::Unreadable;
use self::values::{Storage, Values, decode, key, label_of};
use crate::MlsError;
pub(crate) use crate::provider::Crypto;
use crate::rows::Rows;

/// Rows that are ours and not openmls' have keys that begin so.
pub(crate) const OURS: &[u8] = b"causeway/";

/// How a row's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As openmls gave it.
    Whole = 1,
    /// A part of it; others are in other rows or nodes.
    Split = 2,
}

fn form_of(value: &[u8]) -> Result<(Form, &[u8]), Unreadable> {
    match value.split_first() {
        Some((1, rest)) => Ok((Form::Whole, rest)),
        Some((2, rest)) => Ok((Form::Split, rest)),
        _ => Err(Unreadable::Shape),
    }
}

fn split_form(value: &[u8]) -> Result<&[u8], Unreadable> {
    match form_of(value)? {
        (Form::Split, rest) => Ok(rest),
        _ => Err(Unreadable::Shape),
    }
}

fn as_whole(value: &[u8]) -> Vec<u8> {
    [&[Form::Whole as u8], value].concat()
}

fn as_split(value: &[u8]) -> Vec<u8> {
    [&[Form::Split as u8], value].concat()
}

impl From<Unreadable> for MlsError {
    fn from(error: Unreadable) -> Self {
        Self::stored(error)
    }
}

/// What openmls works with: crypto, randomness, and values from rows.
#[derive(Default)]
#[cfg_attr(not(feature = "planted-bugs"), allow(unreachable_pub, reason = "tests look at openmls' own view"))]
pub struct Provider {
    crypto: Crypto,
    storage: Storage,
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = Crypto;
    type RandProvider = Crypto;
    type StorageProvider = Storage;

    fn storage(&self) -> &Storage {
        &self.storage
    }

    fn crypto(&self) -> &Crypto {
        &self.crypto
    }

    fn rand(&self) -> &Crypto {
        &self.crypto
    }
}

impl Provider {
    /// Over values that are no group's state: those of [`Self::whole`].
    ///
    /// # Errors
    /// If a row is not what was stored.
    pub(crate) fn over_whole(rows: &Rows) -> Result<Self, Unreadable> {
        let mut values = Values::default();
        join_private(rows, &[], &mut values)?;
        Ok(Self::over(values))
    }

    /// Over an epoch's public state, and one client's own rows.
    ///
    /// # Errors
    /// If a row is not what was stored.
    pub(crate) fn over_epoch(public: &Public, private: Option<&Rows>) -> Result<Self, Unreadable> {
        let mut values = Values::default();
        public.join_into(&mut values)?;
        if let Some(private) = private {
            let context = signed_context(&values)?;
            join_private(private, &context, &mut values)?;
        }
        Ok(Self::over(values))
    }

    fn over(values: Values) -> Self {
        Self { crypto: Crypto::default(), storage: Storage::holding(values) }
    }

    /// Whether trees that openmls writes from now on are kept: most readers have no use for them.
    pub(crate) fn taking_trees(self, takes: bool) -> Self {
        Self { storage: self.storage.taking_trees(takes), ..self }
    }

    /// With randomness that follows from nothing that is in memory.
    pub(crate) fn renewed(self) -> Self {
        Self { crypto: Crypto::default(), ..self }
    }

    /// Lets go of trees: whoever has loaded a group needs them no more. Whether nothing is there in the form of the earlier
    /// version.
    pub(crate) fn forget_trees(&self) -> bool {
        self.storage.forget(TREE)
    }

    /// All values as they are.
    pub(crate) fn whole(&self) -> Rows {
        let values = self.storage.values();
        let whole = values.whole.iter().map(|(key, value)| (key.clone(), as_whole(value)));
        whole.chain(values.early.iter().map(|(key, value)| (key.clone(), value.clone()))).collect()
    }

    /// The public state that openmls has left. What it has in common with `before` is not made anew.
    ///
    /// # Errors
    /// If openmls has written something of an unknown shape.
    pub(crate) fn public(&self, before: Option<&Public>) -> Result<Public, Unreadable> {
        Public::split(&self.storage.values(), before)
    }

    /// The client's rows.
    ///
    /// # Errors
    /// If openmls has written something of an unknown shape.
    pub(crate) fn private(&self) -> Result<Rows, Unreadable> {
        let values = self.storage.values();
        let context = signed_context(&values)?;
        let mut rows: Rows = values
            .early
            .iter()
            .filter(|(key, _)| !public::is_public(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        for (key, value) in values.whole.iter().filter(|(key, _)| !public::is_public(key)) {
            let row = match label_of(key) {
                Some(MESSAGE_SECRETS) => as_split(&message_secrets::split(value, &context, &mut rows)?),
                // Whoever has made a group, or joined it from outside, would keep those of 32 epochs, whatever is configured.
                Some(RESUMPTION_PSKS) => as_whole(&no_resumption_psks()?),
                _ => as_whole(value),
            };
            rows.insert(key.clone(), row);
        }
        Ok(rows)
    }
}

fn join_private(rows: &Rows, context: &[u8], values: &mut Values) -> Result<(), Unreadable> {
    for (key, value) in rows.iter().filter(|(key, _)| !key.starts_with(OURS)) {
        match label_of(key) {
            None => drop(values.early.insert(key.clone(), value.clone())),
            // Parts of the message secrets.
            Some(PAGE | RATCHETS) => {}
            Some(label) => {
                let whole = match form_of(value)? {
                    (Form::Whole, value) => value.to_vec(),
                    (Form::Split, head) if label == MESSAGE_SECRETS => message_secrets::join(head, context, rows)?,
                    _ => return Err(Unreadable::Shape),
                };
                values.whole.insert(key.clone(), whole);
            }
        }
    }
    Ok(())
}

/// The GroupContext of an epoch's public state.
///
/// # Errors
/// If it is not what was stored.
pub(crate) fn group_context(public: &Public) -> Result<GroupContext, Unreadable> {
    match public.context()? {
        Some(context) => decode(&context),
        None => early_context(&public.rows).ok_or(Unreadable::Missing)?,
    }
}

/// The confirmation tag of an epoch's public state.
///
/// # Errors
/// If it is not what was stored.
pub(crate) fn confirmation_tag(public: &Rows) -> Result<ConfirmationTag, Unreadable> {
    match public.get(&key(CONFIRMATION_TAG, &[])).map(|row| form_of(row)).transpose()? {
        Some((Form::Whole, tag)) => decode(tag),
        Some((Form::Split, _)) => Err(Unreadable::Shape),
        None => early(public, CONFIRMATION_TAG).ok_or(Unreadable::Missing)?,
    }
}

fn early_context(rows: &Rows) -> Option<Result<GroupContext, Unreadable>> {
    early(rows, GROUP_CONTEXT)
}

/// As the earlier version stored it.
fn early<T: DeserializeOwned>(rows: &Rows, label: &str) -> Option<Result<T, Unreadable>> {
    let (_, value) = rows.iter().find(|(key, _)| key.starts_with(label.as_bytes()))?;
    Some(serde_json::from_slice(value).map_err(Unreadable::codec))
}

/// The GroupContext as it is signed; empty if there is none.
fn signed_context(values: &Values) -> Result<Vec<u8>, Unreadable> {
    let whole = values.whole.get(&key(GROUP_CONTEXT, &[])).map(|context| decode(context));
    let context: Option<GroupContext> = whole.or_else(|| early_context(&values.early)).transpose()?;
    Ok(context.map(|context| causeway_drafts::encode(&context)).unwrap_or_default())
}
