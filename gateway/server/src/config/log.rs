//! `[log]`

use serde::Deserialize;

use super::keys::{Key, Presence, Section};
use super::kind::Kind;

pub(super) const SECTION: Section = Section {
    name: "log",
    about: "What is logged, to standard error. Never message text, and no keys.",
    each: None,
    keys: &[
        Key {
            name: "format",
            kind: Kind::Word(&["text", "json"]),
            presence: Presence::Default(r#""text""#),
            credential: None,
            about: "Lines for people (\"text\") or for machines (\"json\").",
        },
        Key {
            name: "level",
            kind: Kind::LogFilter,
            presence: Presence::Default(r#""info,ruma_state_res=warn""#),
            credential: None,
            about: "How much, by part of the program. The environment variable CAUSEWAY_LOG says it for one run.",
        },
    ],
};

/// What is logged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogConfig {
    /// How lines look.
    pub(crate) format: LogFormat,
    /// How much.
    pub(crate) level: String,
}

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}
