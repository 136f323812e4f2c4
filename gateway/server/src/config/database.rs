//! `[database]`

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

use super::keys::{Key, Presence, Section};
use super::kind::Kind;

pub(super) const SECTION: Section = Section {
    name: "database",
    about: "The database: SQLite in the data directory, if nothing is said here.",
    each: None,
    keys: &[
        Key {
            name: "url",
            kind: Kind::DatabaseUrl,
            presence: Presence::Optional { example: r#""postgres://causeway@localhost/causeway""# },
            credential: None,
            about: "postgres://… or sqlite://…, without a password: for a URL with one there is url_file.",
        },
        Key {
            name: "url_file",
            kind: Kind::Path,
            presence: Presence::Optional { example: r#""database.url""# },
            credential: Some("database_url"),
            about: "A file that holds the URL, instead of url.",
        },
    ],
};

/// The database.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatabaseConfig {
    url: Option<String>,
    url_file: Option<PathBuf>,
}

impl DatabaseConfig {
    pub(super) fn resolve_paths(&mut self, folder: &Path) {
        super::resolve_all(folder, &mut self.url_file);
    }

    /// The database's URL; SQLite in the data directory where none is configured.
    pub(crate) fn url(&self, data_directory: &Path) -> anyhow::Result<String> {
        match (&self.url, &self.url_file) {
            (Some(url), _) => Ok(url.clone()),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
                Ok(text.trim().to_owned())
            }
            (None, None) => Ok(format!("sqlite://{}", data_directory.join("causeway.db").display())),
        }
    }
}

/// Whether a URL holds a password.
pub(super) fn has_password(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?']).next().unwrap_or_default();
    let in_authority = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    let query = url.split_once('?').map_or("", |(_, query)| query);
    in_authority || query.split('&').any(|parameter| parameter.starts_with("password="))
}

#[cfg(test)]
mod tests {
    use super::has_password;

    #[test]
    fn passwords_are_found() {
        for url in ["postgres://user:secret@host/name", "postgres://host/name?user=me&password=secret"] {
            assert!(has_password(url), "{url}");
        }
        for url in ["postgres://user@host:5432/name?host=/run/pg", "sqlite:///var/lib/x.db", "postgres:///name"] {
            assert!(!has_password(url), "{url}");
        }
    }
}
