//! A Matrix event, checked and made.

use anyhow::{Result, ensure};
use ruma::RoomVersionId;
use ruma::canonical_json::CanonicalJsonObject;
use ruma::signatures::{PublicKeyMap, PublicKeySet, Verified, reference_hash, verify_event};
use serde_json::{Value, json};

use crate::matrix::peer::SigningKey;

const SERVER: &str = "floor.test";

/// An event of room version 11, and what checks it.
pub(super) struct Events {
    key: SigningKey,
    known: PublicKeyMap,
    signed: Vec<u8>,
}

impl Events {
    pub(super) fn new() -> Result<Self> {
        let key = SigningKey::generate(SERVER, "floor")?;
        let known = PublicKeyMap::from([(SERVER.to_owned(), PublicKeySet::from([(key.id(), key.public())]))]);
        let signed = serde_json::to_vec(&key.sign_event(&draft("a short text"), &RoomVersionId::V11)?)?;
        Ok(Self { key, known, signed })
    }

    /// Signature, content hash and event id of what came over the wire.
    pub(super) fn check(&self) -> Result<()> {
        let object: CanonicalJsonObject = serde_json::from_slice(&self.signed)?;
        let rules = RoomVersionId::V11.rules().unwrap_or(ruma::room_version_rules::RoomVersionRules::V11);
        ensure!(verify_event(&self.known, &object, &rules)? == Verified::All, "the event does not verify");
        std::hint::black_box(reference_hash(&object, &rules)?);
        Ok(())
    }

    /// An event with this content, hashed and signed.
    pub(super) fn make(&self, content: &[u8]) -> Result<Vec<u8>> {
        let draft = draft(&String::from_utf8_lossy(content));
        Ok(serde_json::to_vec(&self.key.sign_event(&draft, &RoomVersionId::V11)?)?)
    }
}

fn draft(body: &str) -> Value {
    let id = format!("${}", "a".repeat(43));
    json!({
        "type": "m.room.message",
        "room_id": "!floor:floor.test",
        "sender": "@alice:floor.test",
        "content": { "msgtype": "m.text", "body": body },
        "origin_server_ts": 1_790_000_000_000_u64,
        "prev_events": [id],
        "auth_events": [id, id, id],
        "depth": 12,
    })
}
