//! The keys before the first table.

use super::keys::{Key, Presence, Section};
use super::kind::Kind;

pub(super) const SECTION: Section = Section {
    name: "",
    about: "Relative paths in this file are relative to its folder.",
    each: None,
    keys: &[
        Key {
            name: "data_directory",
            kind: Kind::Path,
            presence: Presence::Required { example: r#""data""# },
            credential: None,
            about: "Where the gateway keeps what it makes itself: the embedded database, and keys that are given no other place.",
        },
        Key {
            name: "master_key",
            kind: Kind::Path,
            presence: Presence::Optional { example: r#""data/master.key""# },
            credential: Some("master_key"),
            about: "The file with the key that seals what is secret in the database, as 64 hex digits. By default master.key in \
                    the data directory, made at the first start. Keep a copy: without it the database is useless.",
        },
    ],
};
