//! What a certificate says.

use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::time::rfc3339;

/// A certificate, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// Its dNSNames, in lower case, its iPAddresses and URIs.
    pub(crate) names: Vec<String>,
    /// Who issued it.
    pub(crate) issuer: String,
    /// Valid from, ms.
    pub(crate) not_before: i64,
    /// Valid until, ms.
    pub(crate) not_after: i64,
    fingerprint: String,
}

impl Certificate {
    /// Reads DER.
    pub(crate) fn read(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| format!("not a certificate: {error}"))?;
        let names = certificate.subject_alternative_name().map_err(|error| format!("its names cannot be read: {error}"))?;
        Ok(Self {
            names: names.map(|names| names.value.general_names.iter().filter_map(text).collect()).unwrap_or_default(),
            issuer: certificate.issuer().to_string(),
            not_before: certificate.validity().not_before.timestamp() * 1000,
            not_after: certificate.validity().not_after.timestamp() * 1000,
            fingerprint: hex::encode(Sha256::digest(der)),
        })
    }

    /// In one line.
    pub(crate) fn describe(&self) -> String {
        let (names, until) = (self.names.join(", "), rfc3339(self.not_after));
        format!("names {names}; issued by {}; until {until}; SHA-256 {}", self.issuer, self.fingerprint)
    }
}

fn text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        GeneralName::IPAddress([a, b, c, d]) => Some(std::net::Ipv4Addr::new(*a, *b, *c, *d).to_string()),
        GeneralName::IPAddress(octets) => {
            <[u8; 16]>::try_from(*octets).ok().map(|octets| std::net::Ipv6Addr::from(octets).to_string())
        }
        _ => None,
    }
}
