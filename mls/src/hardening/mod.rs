//! The optional hardening of groups whose parents are kept (SPEC §14.12): every commit that adds nobody carries a PSK, drawn
//! from a PRF that each member punctures there as soon as it has followed. Whoever takes a kept epoch later cannot derive from
//! it the children that its owner has entered; siblings, which it has not met yet, still open.

mod pprf;
mod psk;
mod support;

use openmls::prelude::AppDataDictionary;

use crate::MlsError;
use causeway_drafts::numbers::COMPONENT_HARDENING;

pub(crate) use pprf::{Input, Pprf};
pub(crate) use psk::{input_of, new_id};
pub(crate) use support::{can_puncture, leaf_extensions};

/// How a group's commits are hardened, as the component `causeway_hardening` of its GroupContext says in one octet. A group
/// without the component is not (DMLS-34).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hardening {
    /// Not at all.
    #[default]
    None = 0,
    /// By a PSK from a punctured PRF.
    PskPuncture = 1,
}

impl Hardening {
    /// What a group's dictionary says.
    pub(crate) fn of(dictionary: &AppDataDictionary) -> Result<Self, MlsError> {
        dictionary.get(&COMPONENT_HARDENING).map_or(Ok(Self::None), Self::from_component)
    }

    /// The component's value.
    pub(crate) fn to_component(self) -> Vec<u8> {
        vec![self as u8]
    }

    pub(crate) fn from_component(value: &[u8]) -> Result<Self, MlsError> {
        match value {
            [0] => Ok(Self::None),
            [1] => Ok(Self::PskPuncture),
            _ => Err(MlsError::Malformed("DMLS-34: a hardening of an unknown kind".to_owned())),
        }
    }

    /// Whether there is any.
    pub fn is_on(self) -> bool {
        self != Self::None
    }
}
