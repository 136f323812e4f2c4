//! What no single value says: what is missing, and what does not fit together.

use std::net::SocketAddr;

use super::database::has_password;
use super::document::example;
use super::environment::variable;
use super::keys::{Presence, plain_keys};
use super::matrix::LONGEST_NAME;
use super::problems::{Place, Problem, Problems};
use super::values::{Name, Origin, Values};

/// Sets defaults; what is required and not there is a problem.
pub(super) fn complete(values: &mut Values, problems: &mut Problems) {
    for (section, key) in plain_keys().filter(|(section, key)| values.entry(section.name, key.name).is_none()).collect::<Vec<_>>() {
        match key.presence {
            Presence::Required { .. } => {
                let place = if section.name.is_empty() { String::new() } else { format!(" in [{}]", section.name) };
                let hint = format!("{}, or set {}", example(key), variable(section.name, key.name));
                problems.add(Problem::error(Place::File, format!("{} is missing{place}", key.name)).hint(hint));
            }
            Presence::Default(text) => {
                if let Some(value) =
                    toml::from_str::<toml::Table>(&format!("value = {text}")).ok().and_then(|mut table| table.remove("value"))
                {
                    values.set(Name::new(section.name, key.name), value, Origin::Default);
                }
            }
            Presence::Optional { .. } => {}
        }
    }
}

/// What does not fit together.
pub(super) fn check(values: &Values, problems: &mut Problems) {
    if let Some((name, origin)) = values.text("matrix", "server_name")
        && name.len() > LONGEST_NAME
    {
        let text = format!("matrix.server_name is longer than {LONGEST_NAME} octets: ghosts' names would not fit");
        problems.add(Problem::error(origin.place(), text));
    }
    if let Some((provider, _)) = values.text("mimi", "provider")
        && let Some((_, origin)) = values.texts("mimi", "own_homeservers").into_iter().find(|(own, _)| *own == provider)
    {
        let text = "mimi.own_homeservers names the provider's own domain";
        problems.add(Problem::error(origin.place(), text).hint("leave it out: it is the provider's anyway"));
    }
    database(values, problems);
    listeners(values, problems);
}

fn database(values: &Values, problems: &mut Problems) {
    let Some((url, origin)) = values.text("database", "url") else { return };
    if has_password(url) {
        let problem = Problem::error(origin.place(), "database.url holds a password");
        problems.add(problem.hint("write the URL into a file that only the gateway reads, and name that in database.url_file"));
    }
    if let Some((_, origin)) = values.text("database", "url_file")
        && !matches!(origin, Origin::Credential(_))
    {
        problems.add(Problem::error(origin.place(), "database.url_file is given beside database.url").hint("keep one of them"));
    }
}

fn listeners(values: &Values, problems: &mut Problems) {
    let mut taken: Vec<(SocketAddr, &str)> = Vec::new();
    for section in ["matrix", "mimi", "admin"] {
        let Some((text, origin)) = values.text(section, "listen") else { continue };
        let Ok(address) = text.parse::<SocketAddr>() else { continue };
        if let Some((_, other)) = taken.iter().find(|(other, _)| *other == address && address.port() != 0) {
            problems.add(Problem::error(origin.place(), format!("{section}.listen is the address of {other}.listen")));
        }
        taken.push((address, section));
        let remote = values.entry("admin", "allow_remote").and_then(|entry| entry.value.as_bool()).unwrap_or_default();
        if section == "admin" && !address.ip().is_loopback() && !remote {
            let problem =
                Problem::error(origin.place(), format!("admin.listen is plain HTTP, and {} is not loopback", address.ip()));
            problems.add(problem.hint("use 127.0.0.1, or say admin.allow_remote = true and put TLS in front"));
        }
    }
}
