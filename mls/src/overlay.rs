//! openmls' storage, served from memory: rows in, rows out. No call of openmls ever reaches a database.

use openmls_rust_crypto::MemoryStorage;
use openmls_traits::OpenMlsProvider;

use crate::provider::Provider;
use crate::rows::Rows;

/// Labels that the keys of public rows begin with; everything else is a secret of one client.
const PUBLIC_LABELS: [&[u8]; 4] = [b"Tree", b"GroupContext", b"InterimTranscriptHash", b"ConfirmationTag"];
/// Proposals are public, too, but each client keeps its own queue, because openmls merges and clears it per client.
const SHARED: usize = PUBLIC_LABELS.len();

fn is_public(key: &[u8]) -> bool {
    PUBLIC_LABELS[..SHARED].iter().any(|label| key.starts_with(label))
}

/// A provider over the public rows and one client's own.
pub(crate) fn provider<'a>(parts: impl IntoIterator<Item = &'a Rows>) -> Provider {
    let provider = Provider::default();
    if let Ok(mut values) = provider.storage().values.write() {
        for rows in parts {
            values.extend(rows.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
    }
    provider
}

/// Takes the rows back: public ones, and the client's.
pub(crate) fn split(provider: &Provider) -> (Rows, Rows) {
    rows(provider.storage()).into_iter().partition(|(key, _)| is_public(key))
}

/// All rows.
pub(crate) fn rows(storage: &MemoryStorage) -> Rows {
    match storage.values.read() {
        Ok(values) => values.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        Err(_) => Rows::new(),
    }
}
