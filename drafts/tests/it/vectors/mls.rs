//! What belongs to MLS, by the names of RFC 9420.

use causeway_drafts::encode;
use openmls::framing::SafeAad;
use openmls::messages::proposals::{AppDataUpdateOperation, AppDataUpdateProposal};
use openmls::prelude::{AppDataDictionary, Capabilities, Credential, CredentialType, Extension, RequiredCapabilitiesExtension};
use serde_json::{Map, Value, json};
use tls_codec::{Deserialize, Serialize, VLBytes};

/// Octets as the vectors write them.
pub(super) fn octets(octets: impl AsRef<[u8]>) -> Value {
    hex::encode(octets).into()
}

/// A vector of octets.
pub(super) fn opaque(octets: &VLBytes) -> Value {
    hex::encode(octets.as_slice()).into()
}

/// A list.
pub(super) fn list<T>(items: &[T], item: impl FnMut(&T) -> Value) -> Value {
    items.iter().map(item).collect()
}

/// A structure of vectors of numbers.
fn numbers(value: &impl Serialize, names: &[&str]) -> Value {
    let encoded = encode(value);
    let mut rest = encoded.as_slice();
    let fields: Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!(Vec::<u16>::tls_deserialize(&mut rest).unwrap()))).collect();
    assert!(rest.is_empty());
    fields.into()
}

pub(super) fn capabilities(value: &Capabilities) -> Value {
    numbers(value, &["versions", "cipher_suites", "extensions", "proposals", "credentials"])
}

pub(super) fn required_capabilities(value: &RequiredCapabilitiesExtension) -> Value {
    numbers(value, &["extension_types", "proposal_types", "credential_types"])
}

pub(super) fn credential(value: &Credential) -> Value {
    let content = value.serialized_content();
    match value.credential_type() {
        CredentialType::Basic => json!({"credential_type": "basic", "identity": octets(content)}),
        CredentialType::X509 => json!({"credential_type": "x509", "certificates": certificates(content)}),
        other => json!({"credential_type": u16::from(other), "content": octets(content)}),
    }
}

/// The MLS library looks at them when it verifies the credential.
fn certificates(mut rest: &[u8]) -> Value {
    let mut certificates = Vec::new();
    while !rest.is_empty() {
        match VLBytes::tls_deserialize(&mut rest) {
            Ok(certificate) => certificates.push(opaque(&certificate)),
            Err(error) => return error.to_string().into(),
        }
    }
    certificates.into()
}

pub(super) fn extension(value: &Extension) -> Value {
    let encoded = encode(value);
    let mut rest = encoded.as_slice();
    let kind = u16::tls_deserialize(&mut rest).unwrap();
    json!({"extension_type": kind, "extension_data": opaque(&VLBytes::tls_deserialize(&mut rest).unwrap())})
}

pub(super) fn dictionary(value: &AppDataDictionary) -> Value {
    let entries: Vec<Value> =
        value.entries().map(|entry| json!({"component_id": entry.id(), "data": octets(entry.data())})).collect();
    json!({"component_data": entries})
}

pub(super) fn safe_aad(value: &SafeAad) -> Value {
    let items = list(value.items(), |item| json!({"component_id": item.component_id(), "aad_item_data": octets(item.data())}));
    json!({"aad_items": items})
}

pub(super) fn app_data_update(value: &AppDataUpdateProposal) -> Value {
    match value.operation() {
        AppDataUpdateOperation::Update(data) => {
            json!({"component_id": value.component_id(), "op": "update", "update": opaque(data)})
        }
        AppDataUpdateOperation::Remove => json!({"component_id": value.component_id(), "op": "remove"}),
    }
}
