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
        Key {
            name: "slices",
            kind: Kind::Path,
            presence: Presence::Optional { example: r#""data/slices""# },
            credential: None,
            about: "The file with the keys that are destroyed one after the other, so that what is past cannot be read from old copies \
                    of the database. By default slices in the data directory, made at the first start. All processes of one \
                    database share it. Keep no copy, least of all beside one of the database; no snapshots of its volume, either.",
        },
        Key {
            name: "slice_minutes",
            kind: Kind::Minutes(5, 1440),
            presence: Presence::Default("60"),
            credential: None,
            about: "How long such a key is in use, in minutes: as long, at most, secrets of a group that are deleted stay \
                    decipherable in copies of the database.",
        },
    ],
};
