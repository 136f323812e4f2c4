//! The directory of a provider [mimi-protocol-06 §5.1].

use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::mimi_uri::{ProviderDomain, UriError};

/// Where the directory stands (§5.1).
pub const WELL_KNOWN: &str = "/.well-known/mimi-protocol-directory";

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// URL templates of a provider's endpoints (§5.1); a template has one variable, whatever its name (G-03).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Directory {
    /// §5.2
    pub key_material: String,
    /// §5.3
    pub update: String,
    /// §5.5
    pub notify: String,
    /// §5.4
    pub submit_message: String,
    /// §5.6
    pub group_info: String,
    /// §5.7
    pub request_consent: String,
    /// §5.7
    pub update_consent: String,
    /// §5.8
    pub identifier_query: String,
    /// §5.9
    pub report_abuse: String,
    /// §5.10
    pub proxy_download: String,
    /// Where other gateways say what they have to say about rooms without a hub. An extension of Causeway's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causeway_peer: Option<String>,
    /// The Matrix user that speaks for the provider in Matrix rooms between gateways. An extension of Causeway's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causeway_matrix: Option<String>,
    /// The roots of the provider's MLS credentials, PEM. An extension of ours: the draft leaves credentials open (G-28).
    #[serde(rename = "mls_credential_roots", default)]
    pub mls_credential_roots: Vec<String>,
}

impl Directory {
    /// The directory of a provider whose endpoints stand below `base` (`https://a.example`).
    pub fn at(base: &str, mls_credential_roots: Vec<String>) -> Self {
        let endpoint = |path: &str, variable: &str| format!("{base}/v1/{path}/{{{variable}}}");
        Self {
            key_material: endpoint("keyMaterial", "targetUser"),
            update: endpoint("update", "roomId"),
            notify: endpoint("notify", "roomId"),
            submit_message: endpoint("submitMessage", "roomId"),
            group_info: endpoint("groupInfo", "roomId"),
            request_consent: endpoint("requestConsent", "targetDomain"),
            update_consent: endpoint("updateConsent", "requesterDomain"),
            identifier_query: endpoint("identifierQuery", "domain"),
            report_abuse: endpoint("reportAbuse", "roomId"),
            proxy_download: endpoint("proxyDownload", "downloadUrl"),
            causeway_peer: None,
            causeway_matrix: None,
            mls_credential_roots,
        }
    }
}

/// Puts a value into a template's variable (§5.1), percent-encoded as one segment (G-02).
pub fn expand(template: &str, value: &str) -> String {
    let encoded = utf8_percent_encode(value, SEGMENT).to_string();
    match (template.find('{'), template.find('}')) {
        (Some(open), Some(close)) if open < close => {
            format!("{}{encoded}{}", &template[..open], &template[close + 1..])
        }
        // No variable: the value is the last segment.
        _ => format!("{}/{encoded}", template.trim_end_matches('/')),
    }
}

/// The other direction of [`expand`] (§5.1): the URI in the rest of a request's path (as received, still encoded). The whole
/// `mimi://…` as one encoded segment, or the path form of the draft's figures, `a.example/r/clubhouse` (G-02).
///
/// # Errors
/// If it is neither, or a URI of another kind.
pub fn uri_from_path<T: FromStr<Err = UriError>>(path: &str) -> Result<T, UriError> {
    // The URI's own percent-encoding stays: only a single segment is one layer deeper.
    if path.contains('/') {
        return format!("mimi://{path}").parse();
    }
    let decoded = percent_decode_str(path).decode_utf8().map_err(|_| UriError::Segment)?;
    if decoded.starts_with("mimi://") { decoded.parse() } else { format!("mimi://{decoded}").parse() }
}

/// What the consent endpoints' variable stands for (§5.1, §5.7): a user where the template says so, else the domain (G-03).
pub fn consent_variable(template: &str, user: &str, domain: &ProviderDomain) -> String {
    if template.contains("User}") { user.to_owned() } else { domain.to_string() }
}
