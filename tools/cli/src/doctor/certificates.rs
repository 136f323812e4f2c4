//! Names, dates and keys of our own certificates.

use std::path::Path;

use super::finding::{Category, Findings};
use crate::config::{Configuration, Side};
use crate::probe::{Certificate, certificates, keys_match};
use crate::time::{now, rfc3339};

/// So long before the end one should hear of it.
const SOON: i64 = 14 * 86_400_000;

pub(super) fn examine(findings: &mut Findings, configuration: &Configuration) {
    let values = &configuration.values;
    let homeserver: Vec<String> = values.matrix.server_name.iter().map(|name| host(name)).collect();
    let providers: Vec<String> = values.mimi.provider.iter().chain(&values.mimi.own_homeservers).cloned().collect();
    side(findings, configuration, (&values.matrix, &homeserver));
    side(findings, configuration, (&values.mimi, &providers));
    for root in values.matrix.trusted_roots.iter().chain(&values.mimi.trusted_roots) {
        if let Err(error) = certificates(&configuration.path(root)) {
            findings.problem(Category::Certificates, format!("a trusted root cannot be read: {error}"), "repair trusted_roots");
        }
    }
}

fn side(findings: &mut Findings, configuration: &Configuration, (side, names): (&Side, &[String])) {
    let Some(file) = side.certificate.as_deref().map(|path| configuration.path(path)) else { return };
    let read = certificates(&file).map_err(|error| error.to_string());
    let leaf = read.and_then(|chain| match chain.first() {
        Some(leaf) => Certificate::read(leaf).map_err(|why| format!("{}: {why}", file.display())),
        None => Err(format!("{} holds no certificate", file.display())),
    });
    match leaf {
        Err(why) => findings.problem(Category::Certificates, why, "put the certificate chain there, PEM, the leaf first"),
        Ok(leaf) => {
            let before = findings.count(Category::Certificates);
            dates(findings, &file, &leaf);
            named(findings, (&file, &leaf), names);
            if let Some(key) = &side.private_key {
                key_of(findings, (&file, &configuration.path(key)));
            }
            if findings.count(Category::Certificates) == before {
                let until = rfc3339(leaf.not_after);
                findings.ok(Category::Certificates, format!("{} names {}, until {until}", file.display(), names.join(", ")));
            }
        }
    }
}

fn dates(findings: &mut Findings, file: &Path, leaf: &Certificate) {
    let (file, now) = (file.display(), now());
    let renew = "renew it, and send the gateway SIGHUP";
    if leaf.not_after <= now {
        findings.problem(Category::Certificates, format!("{file} has expired at {}", rfc3339(leaf.not_after)), renew);
    } else if leaf.not_after - now < SOON {
        findings.warning(Category::Certificates, format!("{file} expires at {}", rfc3339(leaf.not_after)), renew);
    }
    if leaf.not_before > now {
        let cause = format!("{file} is valid only from {}", rfc3339(leaf.not_before));
        findings.problem(Category::Certificates, cause, "is this machine's clock right?");
    }
}

fn named(findings: &mut Findings, (file, leaf): (&Path, &Certificate), names: &[String]) {
    for name in names.iter().filter(|name| !leaf.names.contains(&name.to_ascii_lowercase())) {
        let cause = format!("{} does not name {name}, but {}", file.display(), leaf.names.join(", "));
        findings.problem(Category::Certificates, cause, format!("get a certificate with the subject alternative name {name}"));
    }
}

fn key_of(findings: &mut Findings, (certificate, key): (&Path, &Path)) {
    match keys_match(certificate, key) {
        Ok(true) => {}
        Ok(false) => {
            let cause = format!("{} is not the key of {}", key.display(), certificate.display());
            findings.problem(Category::Certificates, cause, "name the key that the certificate was issued for");
        }
        Err(error) => findings.problem(Category::Certificates, format!("{error:#}"), "put the private key there, PEM"),
    }
}

/// A server name without its port.
fn host(server_name: &str) -> String {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let host = match server_name.rsplit_once(':') {
        Some((host, port)) if is_port(port) && (!host.contains(':') || host.ends_with(']')) => host,
        _ => server_name,
    };
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}
