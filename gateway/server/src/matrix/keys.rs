//! Verification keys of other homeservers [Matrix: retrieving server keys].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use causeway_core::records::ServerKeyRow;
use ruma::api::federation::discovery::get_server_keys;
use ruma::canonical_json::CanonicalJsonObject;
use ruma::serde::Base64;
use ruma::signatures::{PublicKeyMap, PublicKeySet};
use ruma::{OwnedServerName, ServerName};
use serde::Deserialize;

use super::FederationError;
use crate::node::{Node, now_ms};

/// A key is trusted for at most so long, whatever its owner says.
const MAX_LIFETIME: u64 = 7 * 24 * 3600 * 1000;
/// A homeserver whose keys were just asked is not asked again at once.
const ASK_AGAIN_AFTER: i64 = 60_000;

/// The keys known in memory; what is stored is read once.
#[derive(Default)]
pub(crate) struct ServerKeys(Mutex<HashMap<OwnedServerName, Vec<ServerKeyRow>>>);

#[derive(Deserialize)]
struct Published {
    server_name: OwnedServerName,
    valid_until_ts: u64,
    verify_keys: BTreeMap<String, PublishedKey>,
    #[serde(default)]
    old_verify_keys: BTreeMap<String, OldKey>,
}

#[derive(Deserialize)]
struct PublishedKey {
    key: String,
}

#[derive(Deserialize)]
struct OldKey {
    key: String,
    expired_ts: u64,
}

impl Node {
    /// The keys of the given homeservers that were valid at `at` (ms). Homeservers that cannot be asked have none.
    pub(crate) async fn public_keys(self: &Arc<Self>, servers: &BTreeSet<OwnedServerName>, at: u64) -> PublicKeyMap {
        let mut map = PublicKeyMap::new();
        for server in servers {
            let keys = self.keys_of(server, at, None).await;
            map.insert(server.to_string(), keys);
        }
        map
    }

    /// The keys of a homeserver for a request that it signs now with the given key.
    pub(crate) async fn request_keys(self: &Arc<Self>, server: &ServerName, key_id: &str) -> PublicKeyMap {
        let mut map = PublicKeyMap::new();
        map.insert(server.to_string(), self.keys_of(server, now_ms(), Some(key_id)).await);
        map
    }

    async fn keys_of(self: &Arc<Self>, server: &ServerName, at: u64, wanted: Option<&str>) -> PublicKeySet {
        if server.as_str() == self.gateway.names.server_name() {
            let own = Base64::new(self.gateway.keys.public_key().to_vec());
            return PublicKeySet::from([(self.gateway.keys.key_id(), own)]);
        }
        let stored = self.stored_keys(server).await;
        let usable = valid_at(&stored, at);
        let enough = wanted.map_or(!usable.is_empty(), |key_id| usable.contains_key(key_id));
        let asked_lately = stored.iter().any(|key| key.valid_until > 0 && asked_at(key) + ASK_AGAIN_AFTER > now_ms() as i64);
        if enough || asked_lately {
            return usable;
        }
        match self.fetch_keys(server).await {
            Ok(()) => valid_at(&self.stored_keys(server).await, at),
            Err(error) => {
                tracing::info!(%server, %error, "cannot get a homeserver's keys");
                usable
            }
        }
    }

    async fn stored_keys(&self, server: &ServerName) -> Vec<ServerKeyRow> {
        if let Some(known) = self.server_keys.0.lock().unwrap_or_else(PoisonError::into_inner).get(server) {
            return known.clone();
        }
        let name = server.to_string();
        let read = self.store.transaction("server keys", move |tx| {
            let name = name.clone();
            Box::pin(async move { tx.server_keys(&name).await })
        });
        match read.await {
            Ok(keys) => {
                let mut known = self.server_keys.0.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert(server.to_owned(), keys.clone());
                keys
            }
            Err(error) => {
                tracing::error!(%error, "cannot read server keys");
                Vec::new()
            }
        }
    }

    async fn fetch_keys(&self, server: &ServerName) -> Result<(), FederationError> {
        let answer = self.federation.send(&self.gateway, server, get_server_keys::v2::Request::new()).await?;
        let rows = read_published(server, answer.server_key.json().get()).map_err(|why| FederationError::malformed(server, why))?;
        let rows = Arc::new(rows);
        let stored = self.store.transaction("store server keys", move |tx| {
            let rows = rows.clone();
            Box::pin(async move {
                for row in rows.iter() {
                    tx.put_server_key(row).await?;
                }
                Ok::<_, causeway_store::StoreError>(())
            })
        });
        let stored = stored.await.map_err(|error| FederationError::malformed(server, error));
        self.server_keys.0.lock().unwrap_or_else(PoisonError::into_inner).remove(server);
        stored
    }
}

/// When a key was asked for: its stored lifetime is capped, counted from then, so this is a lower bound.
fn asked_at(key: &ServerKeyRow) -> i64 {
    key.valid_until - MAX_LIFETIME as i64
}

fn valid_at(keys: &[ServerKeyRow], at: u64) -> PublicKeySet {
    let valid = keys.iter().filter(|key| match key.expired_at {
        Some(expired) => at as i64 <= expired,
        None => at as i64 <= key.valid_until,
    });
    valid.map(|key| (key.key_id.clone(), Base64::new(key.public_key.clone()))).collect()
}

/// Checks that the document is the server's, signed by the keys that it names.
fn read_published(server: &ServerName, json: &str) -> Result<Vec<ServerKeyRow>, String> {
    let published: Published = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if published.server_name != *server {
        return Err(format!("keys of {}", published.server_name));
    }
    let object: CanonicalJsonObject = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let mut keys = PublicKeySet::new();
    for (id, key) in &published.verify_keys {
        keys.insert(id.clone(), Base64::parse(&key.key).map_err(|error| error.to_string())?);
    }
    let is_signed = object.get("signatures").and_then(|signatures| signatures.as_object()?.get(server.as_str()));
    if is_signed.is_none() {
        return Err("the keys are not signed".to_owned());
    }
    let map = PublicKeyMap::from([(server.to_string(), keys.clone())]);
    ruma::signatures::verify_json(&map, &object).map_err(|error| error.to_string())?;
    let valid_until = published.valid_until_ts.min(now_ms() + MAX_LIFETIME) as i64;
    let row = |key_id: String, key: Vec<u8>, expired_at| ServerKeyRow {
        server_name: server.to_string(),
        key_id,
        public_key: key,
        valid_until,
        expired_at,
    };
    let mut rows: Vec<_> = keys.into_iter().map(|(id, key)| row(id, key.into_inner(), None)).collect();
    for (id, old) in published.old_verify_keys {
        if let Ok(key) = Base64::<ruma::serde::base64::Standard>::parse(&old.key) {
            rows.push(row(id, key.into_inner(), Some(old.expired_ts as i64)));
        }
    }
    Ok(rows)
}
