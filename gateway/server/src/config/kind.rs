//! What values may be.

use std::net::SocketAddr;

use causeway_core::reach::Network;
use causeway_drafts::mimi_uri::ProviderDomain;
use ruma::OwnedServerName;
use serde_json::json;
use toml::Value;
use tracing_subscriber::EnvFilter;

/// As many as anything may be.
const MOST: i64 = 1_000_000;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `matrix.example.org`, `localhost:8448`
    ServerName,
    /// `gateway.example.org`
    Domain,
    /// A list of domains.
    Domains,
    /// `0.0.0.0:8448`
    Address,
    /// A file or folder.
    Path,
    /// A list of files.
    Paths,
    /// A list of networks, `10.0.0.0/8`.
    Networks,
    /// `true`, `false`
    Boolean,
    /// A whole number of things, at least one.
    Count,
    /// A whole number of minutes, from the first to the second.
    Minutes(i64, i64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `postgres://…`, `sqlite://…`
    DatabaseUrl,
    /// `info,causeway=debug`
    LogFilter,
}

impl Kind {
    /// What it is, for messages.
    pub(crate) fn expected(self) -> String {
        match self {
            Self::ServerName => "a server name such as \"matrix.example.org\" or \"localhost:8448\"".to_owned(),
            Self::Domain => "a domain in lower case such as \"gateway.example.org\"".to_owned(),
            Self::Domains => "a list of domains such as [\"example.org\"]".to_owned(),
            Self::Address => "an IP address with a port such as \"0.0.0.0:8448\"".to_owned(),
            Self::Path => "a path in quotes".to_owned(),
            Self::Paths => "a list of paths such as [\"ca.pem\"]".to_owned(),
            Self::Networks => "a list of networks such as [\"10.0.0.0/8\"]".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Count => format!("a whole number from 1 to {MOST}"),
            Self::Minutes(least, most) => format!("a whole number of minutes from {least} to {most}"),
            Self::Word(words) => format!("one of {words:?}"),
            Self::DatabaseUrl => "a URL that begins with postgres:// or sqlite://".to_owned(),
            Self::LogFilter => "a filter such as \"info,causeway=debug\"".to_owned(),
        }
    }

    /// Whether a value is of this kind; what is wrong, if not.
    pub(crate) fn check(self, value: &Value) -> Result<(), String> {
        match (self, value) {
            (Self::Boolean, Value::Boolean(_)) => Ok(()),
            (Self::Count, Value::Integer(1..=MOST)) => Ok(()),
            (Self::Minutes(least, most), Value::Integer(minutes)) if (least..=most).contains(minutes) => Ok(()),
            (Self::Count | Self::Minutes(..), Value::Integer(other)) => Err(format!("{other} is not {}", self.expected())),
            (Self::Domains | Self::Paths | Self::Networks, Value::Array(items)) => items.iter().try_for_each(|item| match item {
                Value::String(text) => self.check_text(text),
                other => Err(self.wrong_type(other)),
            }),
            (Self::Domains | Self::Paths | Self::Networks | Self::Boolean | Self::Count | Self::Minutes(..), other) => {
                Err(self.wrong_type(other))
            }
            (_, Value::String(text)) => self.check_text(text),
            (_, other) => Err(self.wrong_type(other)),
        }
    }

    fn wrong_type(self, value: &Value) -> String {
        let article = if value.type_str() == "array" || value.type_str() == "integer" { "an" } else { "a" };
        format!("is {article} {} where {} belongs", value.type_str(), self.expected())
    }

    fn check_text(self, text: &str) -> Result<(), String> {
        let is_valid = match self {
            Self::ServerName => OwnedServerName::try_from(text).is_ok(),
            Self::Domain | Self::Domains => text.parse::<ProviderDomain>().is_ok_and(|domain| domain.as_str() == text),
            Self::Address => text.parse::<SocketAddr>().is_ok(),
            Self::Path | Self::Paths => !text.is_empty(),
            Self::Networks => Network::try_from(text.to_owned()).is_ok(),
            Self::Word(words) => words.contains(&text),
            Self::DatabaseUrl => ["postgres://", "postgresql://", "sqlite://"].iter().any(|scheme| text.starts_with(scheme)),
            Self::LogFilter => EnvFilter::try_new(text).is_ok(),
            Self::Boolean | Self::Count | Self::Minutes(..) => false,
        };
        // A URL may hold a password that belongs in no message.
        match (is_valid, self) {
            (true, _) => Ok(()),
            (false, Self::DatabaseUrl) => Err(format!("is not {}", self.expected())),
            (false, _) => Err(format!("{text:?} is not {}", self.expected())),
        }
    }

    /// The value that a text of the environment means.
    pub(crate) fn of_text(self, text: &str) -> Value {
        match self {
            Self::Boolean => match text {
                "true" => Value::Boolean(true),
                "false" => Value::Boolean(false),
                other => Value::String(other.to_owned()),
            },
            Self::Count | Self::Minutes(..) => text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Integer),
            Self::Domains | Self::Paths | Self::Networks => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
            }
            _ => Value::String(text.to_owned()),
        }
    }

    /// Its JSON schema.
    pub(crate) fn schema(self) -> serde_json::Value {
        let list = |item: serde_json::Value| json!({ "type": "array", "items": item });
        match self {
            Self::ServerName | Self::LogFilter => json!({ "type": "string", "minLength": 1 }),
            Self::Path => json!({ "type": "string", "minLength": 1, "description": "a path, relative to the file's folder" }),
            Self::Domain => json!({ "type": "string", "format": "hostname" }),
            Self::Domains => list(json!({ "type": "string", "format": "hostname" })),
            Self::Address => json!({ "type": "string", "pattern": "^.+:[0-9]{1,5}$" }),
            Self::Paths => list(json!({ "type": "string", "minLength": 1 })),
            Self::Networks => list(json!({ "type": "string", "pattern": "^[0-9a-fA-F.:]+/[0-9]{1,3}$" })),
            Self::Boolean => json!({ "type": "boolean" }),
            Self::Count => json!({ "type": "integer", "minimum": 1, "maximum": MOST }),
            Self::Minutes(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Self::Word(words) => json!({ "enum": words }),
            Self::DatabaseUrl => json!({ "type": "string", "pattern": "^(postgres|postgresql|sqlite)://" }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use super::{Kind, Value};

    fn check(kind: Kind, text: &str) -> Result<(), String> {
        let table: toml::Table = toml::from_str(&format!("value = {text}")).unwrap();
        kind.check(&table["value"])
    }

    #[test]
    fn values_are_checked_by_kind() {
        for (kind, good, bad) in [
            (Kind::ServerName, "\"localhost:8448\"", "\"not a name\""),
            (Kind::Domain, "\"gw.example\"", "\"GW.example\""),
            (Kind::Address, "\"[::]:443\"", "\"localhost:443\""),
            (Kind::Networks, "[\"10.0.0.0/8\"]", "[\"10.0.0.0\"]"),
            (Kind::Paths, "[\"ca.pem\"]", "\"ca.pem\""),
            (Kind::Boolean, "true", "\"true\""),
            (Kind::Count, "25", "0"),
            (Kind::Count, "1", "\"25\""),
            (Kind::Minutes(5, 1440), "5", "4"),
            (Kind::Minutes(5, 1440), "1440", "1441"),
            (Kind::Minutes(5, 1440), "60", "\"60\""),
            (Kind::Word(&["text", "json"]), "\"json\"", "\"xml\""),
            (Kind::DatabaseUrl, "\"sqlite:///x.db\"", "\"mysql://x\""),
            (Kind::LogFilter, "\"info,causeway=debug\"", "\"causeway=loud\""),
        ] {
            assert_eq!(check(kind, good), Ok(()), "{kind:?}");
            assert!(check(kind, bad).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn a_text_of_the_environment_becomes_a_value_of_its_kind() {
        assert_eq!(Kind::Boolean.of_text("true"), Value::Boolean(true));
        assert_eq!(Kind::Count.of_text("25"), Value::Integer(25));
        assert_eq!(Kind::Paths.of_text("a.pem, b.pem"), Value::Array(vec!["a.pem".into(), "b.pem".into()]));
        assert_eq!(Kind::Path.of_text("a,b"), Value::String("a,b".to_owned()));
    }

    #[test]
    fn a_wrong_database_url_is_not_repeated() {
        assert!(!check(Kind::DatabaseUrl, "\"mysql://user:hunter2@host\"").unwrap_err().contains("hunter2"));
    }
}
