//! What the named files hold. Looks at them only: nothing is made.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::database::has_password;
use super::problems::{Problem, Problems};
use super::values::{Origin, Values};
use crate::http::{Credentials, Roots};

/// Checks all files that the configuration names.
pub(super) fn check(values: &Values, problems: &mut Problems) {
    for section in ["matrix", "mimi"] {
        credentials(section, values, problems);
        for (path, origin) in values.texts(section, "trusted_roots") {
            if let Err(error) = Roots::check(&values.resolve(path)) {
                problems.add(Problem::error(origin.place(), format!("{section}.trusted_roots: {error:#}")));
            }
        }
    }
    for (section, key) in [
        ("", "master_key"),
        ("", "slices"),
        ("matrix", "private_key"),
        ("mimi", "private_key"),
        ("database", "url_file"),
        ("admin", "token_file"),
    ] {
        if let Some((path, origin)) = values.text(section, key) {
            secrecy(&values.resolve(path), origin, problems);
        }
    }
    if let Some((path, origin)) = values.text("database", "url_file") {
        url_file(&values.resolve(path), origin, problems);
    }
}

fn credentials(section: &str, values: &Values, problems: &mut Problems) {
    let (Some((certificate, origin)), Some((private_key, key_origin))) =
        (values.text(section, "certificate"), values.text(section, "private_key"))
    else {
        return;
    };
    let (certificate, private_key) = (values.resolve(certificate), values.resolve(private_key));
    let mut are_there = true;
    for (key, path, origin) in [("certificate", &certificate, origin), ("private_key", &private_key, key_origin)] {
        if let Err(error) = std::fs::File::open(path) {
            are_there = false;
            problems.add(Problem::error(origin.place(), format!("{section}.{key}: cannot read {}: {error}", path.display())));
        }
    }
    if !are_there {
        return;
    }
    let read = Credentials::read(&certificate, &private_key).and_then(|credentials| credentials.check().map(|()| credentials));
    match read {
        Err(error) => problems.add(Problem::error(origin.place(), format!("{section}.certificate: {error:#}"))),
        Ok(credentials) if section == "mimi" => names(&credentials, values, problems),
        Ok(_) => {}
    }
}

/// The certificate has to authenticate every domain that the gateway speaks for (P-005).
fn names(credentials: &Credentials, values: &Values, problems: &mut Problems) {
    let named = credentials.domains();
    let domains = values.texts("mimi", "provider").into_iter().chain(values.texts("mimi", "own_homeservers"));
    for (domain, origin) in domains.filter(|(domain, _)| !named.iter().any(|named| named == domain)) {
        problems.add(Problem::error(origin.place(), format!("mimi.certificate does not name {domain}, but {named:?}")));
    }
}

fn secrecy(path: &Path, origin: &Origin, problems: &mut Problems) {
    let Ok(metadata) = std::fs::metadata(path) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o007 != 0 && !matches!(origin, Origin::Credential(_)) {
        let problem = Problem::warning(origin.place(), format!("everybody may read {} (mode {mode:o})", path.display()));
        problems.add(problem.hint(format!("chmod 600 {}", path.display())));
    }
}

fn url_file(path: &Path, origin: &Origin, problems: &mut Problems) {
    match std::fs::read_to_string(path) {
        Err(error) => {
            problems.add(Problem::error(origin.place(), format!("database.url_file: cannot read {}: {error}", path.display())))
        }
        Ok(text) => {
            let text = text.trim();
            if let Err(why) = super::kind::Kind::DatabaseUrl.check(&toml::Value::String(text.to_owned())) {
                let what = if has_password(text) { "holds something that" } else { "holds a text that" };
                problems.add(Problem::error(origin.place(), format!("{} {what} {why}", path.display())));
            }
        }
    }
}
