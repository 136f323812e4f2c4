//! RFC 9420's published test vectors, through the engine where it is concerned (docs/conformance/rfc9420-vectors.md).

mod kdf;
mod messages;
mod passive;
mod sealed;
mod tree;

use causeway_mls::TrustRoots;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// Octets, in hex.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Hex(pub(crate) Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map(Self).map_err(serde::de::Error::custom)
    }
}

/// The cases of a file; some at least.
pub(crate) fn cases<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let path = format!("{}/tests/vectors/rfc9420/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let cases: Vec<T> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(!cases.is_empty(), "{file}");
    cases
}

/// The vectors' groups are plain, and their members have basic credentials.
pub(crate) fn admitting() -> TrustRoots {
    let mut roots = TrustRoots::default();
    roots.admit_plain_groups();
    roots.admit_basic_credentials();
    roots
}
