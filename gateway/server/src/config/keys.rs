//! What may stand in a configuration, as data: the one source of checks, sample, schema, environment names and dump.

use super::kind::Kind;
use super::{admin, bridge, database, general, groups, log, matrix, mimi, peers};

/// A table of the file.
pub(crate) struct Section {
    /// `[name]`; empty for the keys before the first table.
    pub(crate) name: &'static str,
    /// What it is about.
    pub(crate) about: &'static str,
    /// Where it holds one table for each name: what the names are.
    pub(crate) each: Option<Each>,
    /// Its keys.
    pub(crate) keys: &'static [Key],
}

/// The names of the tables in a section.
pub(crate) struct Each {
    /// What they are.
    pub(crate) kind: Kind,
    /// One of them.
    pub(crate) example: &'static str,
}

/// A key.
pub(crate) struct Key {
    /// Its name.
    pub(crate) name: &'static str,
    /// What its value is.
    pub(crate) kind: Kind,
    /// What holds where it is absent.
    pub(crate) presence: Presence,
    /// The systemd credential that stands in for it.
    pub(crate) credential: Option<&'static str>,
    /// What it is, in sentences.
    pub(crate) about: &'static str,
}

/// What holds where a key is absent. Texts are TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It must not be absent.
    Required {
        /// What the sample says.
        example: &'static str,
    },
    /// This.
    Default(&'static str),
    /// Nothing, or what `about` says.
    Optional {
        /// What the sample says.
        example: &'static str,
    },
}

/// What both listeners have.
pub(super) const CONNECTIONS_PER_ADDRESS: Key = Key {
    name: "connections_per_address",
    kind: Kind::Count,
    presence: Presence::Default("256"),
    credential: None,
    about: "As many connections may be open from one address (of IPv6: from one /64 network); more are closed at once. Behind a \
            proxy that passes TLS through, all have the proxy's address.",
};

/// All sections, in the order of the sample.
pub(crate) const SECTIONS: &[Section] = &[
    general::SECTION,
    matrix::SECTION,
    mimi::SECTION,
    bridge::SECTION,
    groups::SECTION,
    database::SECTION,
    admin::SECTION,
    log::SECTION,
    peers::SECTION,
];

impl Section {
    /// A key by its name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// A section by its name.
pub(crate) fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name)
}

/// All keys that stand in a table of their own name: not those of the tables in `[peers]`.
pub(crate) fn plain_keys() -> impl Iterator<Item = (&'static Section, &'static Key)> {
    SECTIONS.iter().filter(|section| section.each.is_none()).flat_map(|section| section.keys.iter().map(move |key| (section, key)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use super::{Presence, SECTIONS};

    /// Defaults and examples are values of their kind.
    #[test]
    fn defaults_and_examples_are_valid() {
        for section in SECTIONS {
            for key in section.keys {
                let (Presence::Required { example: text } | Presence::Default(text) | Presence::Optional { example: text }) =
                    key.presence;
                let table: toml::Table = toml::from_str(&format!("value = {text}")).unwrap();
                assert_eq!(key.kind.check(&table["value"]), Ok(()), "[{}] {}", section.name, key.name);
            }
        }
    }

    #[test]
    fn every_key_is_described_in_sentences() {
        for key in SECTIONS.iter().flat_map(|section| section.keys) {
            assert!(key.about.ends_with('.') && key.about.len() > 10, "{}", key.name);
        }
    }
}
