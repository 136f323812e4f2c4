//! Coming, going and being invited, as others ask for it; and the events that they send.

use std::sync::Arc;

use anyhow::{Context, Result};
use http::{Method, StatusCode};
use ruma::canonical_json::CanonicalJsonObject;
use ruma::signatures::{PublicKeyMap, Verified, required_server_signatures_to_verify_event, verify_event};
use ruma::{OwnedEventId, RoomVersionId};
use serde_json::{Map, Value, json};

use super::event::{Event, canonical, rules};
use super::server::{Asked, Refusal, Reply, refuse};
use super::{Invite, Known, Peer, Sent, Verdict};
use crate::http_client::encode;

/// So many times a transaction's event is asked for what it follows.
const LONGEST_GAP: usize = 50;

impl Peer {
    /// Checks signatures and hash of an event, and reads it; what has a wrong hash is redacted.
    pub(super) async fn checked(&self, event: &Value, version: &RoomVersionId) -> Result<Event> {
        let mut object: CanonicalJsonObject = canonical(event)?;
        let rules = rules(version)?;
        let mut keys = PublicKeyMap::new();
        for server in required_server_signatures_to_verify_event(&object, &rules.signatures)? {
            keys.insert(server.to_string(), self.keys_of(server.as_str()).await?);
        }
        if verify_event(&keys, &object, &rules)? == Verified::Signatures {
            ruma::canonical_json::redact_in_place(&mut object, &rules.redaction, None)?;
        }
        Event::read(object, version)
    }

    /// Events of the origin, one after the other. The same transaction again has the same answer, and no effect.
    pub(super) async fn take_transaction(&self, asked: &Asked, id: &str) -> Reply {
        let key = (asked.origin.clone(), id.to_owned());
        if let Some(answer) = self.look(|known| known.answered.get(&key).cloned()) {
            return Ok(answer);
        }
        let pdus = asked.body["pdus"].as_array().cloned().unwrap_or_default();
        if pdus.len() > 50 {
            return refuse(StatusCode::BAD_REQUEST, "M_TOO_LARGE", "more than 50 events");
        }
        let mut results = Map::new();
        for pdu in &pdus {
            let room = pdu["room_id"].as_str().unwrap_or_default();
            let is_joining = |known: &Known| known.joining.iter().any(|joining| joining == room);
            self.until("the join to be done", |known| (!is_joining(known)).then_some(())).await?;
            let Ok(version) = self.version(room) else { continue };
            let event = self.checked(pdu, &version).await?;
            let (id, verdict) = (event.id().to_owned(), self.hear_with_gap(&asked.origin, event).await?);
            let result = if matches!(verdict, Verdict::Accepted | Verdict::Known) {
                json!({})
            } else {
                json!({ "error": format!("{verdict:?}") })
            };
            results.insert(id.clone(), result);
            let sent = Sent { transaction: key.1.clone(), event: id, verdict };
            self.with(|known| {
                // What was taken in before the sender died comes again with the whole transaction.
                let is_same = |noted: &Sent| noted.event == sent.event && noted.transaction == sent.transaction;
                if !known.sent_to_us.iter().any(is_same) {
                    known.sent_to_us.push(sent);
                }
            });
        }
        let answer = json!({ "pdus": results });
        self.with(|known| known.answered.insert(key, answer.clone()));
        Ok(answer)
    }

    /// Takes an event in; what it follows and we do not know, its origin is asked for.
    async fn hear_with_gap(&self, origin: &str, event: Event) -> Result<Verdict> {
        let mut waiting = vec![event];
        let mut left = LONGEST_GAP;
        loop {
            let Some(event) = waiting.last().cloned() else { return Ok(Verdict::Known) };
            let version = self.version(event.room())?;
            let verdict = self.hear(event)?;
            match &verdict {
                Verdict::Missing(missing) if left > 0 => {
                    left -= 1;
                    match self.fetch(origin, missing, &version).await {
                        Ok(fetched) => waiting.extend(fetched),
                        Err(_) => return Ok(verdict),
                    }
                }
                _ if waiting.len() == 1 => return Ok(verdict),
                _ => drop(waiting.pop()),
            }
        }
    }

    async fn fetch(&self, origin: &str, ids: &[OwnedEventId], version: &RoomVersionId) -> Result<Vec<Event>> {
        let mut fetched = Vec::new();
        for id in ids {
            let path = format!("/_matrix/federation/v1/event/{}", encode(id.as_str()));
            let answer = self.ask(origin, Method::GET, &path, &Value::Null).await?;
            fetched.push(self.checked(&answer["pdus"][0], version).await?);
        }
        Ok(fetched)
    }

    /// Takes an event of somebody else's in, and remembers that it came.
    pub(super) fn hear(&self, event: Event) -> Result<Verdict> {
        self.with(|known| {
            let room = known.rooms.get_mut(event.room()).context("no such room")?;
            let verdict = room.accept(event.clone())?;
            if verdict == Verdict::Accepted {
                known.heard.push(Arc::new(event));
            }
            Ok(verdict)
        })
    }

    pub(super) fn make_membership(&self, asked: &Asked, (room, user): (&str, &str), membership: &str) -> Reply {
        let Ok(version) = self.version(room) else { return refuse(StatusCode::NOT_FOUND, "M_NOT_FOUND", "no such room") };
        if membership == "join" && !asked.all("ver").iter().any(|known| known == version.as_str()) {
            return refuse(StatusCode::BAD_REQUEST, "M_INCOMPATIBLE_ROOM_VERSION", version.to_string());
        }
        let may = self.membership(room, user) != "leave" || self.state(room, "m.room.join_rules", "")["join_rule"] == "public";
        if !may {
            return refuse(StatusCode::FORBIDDEN, "M_FORBIDDEN", "not invited");
        }
        let content = json!({ "membership": membership });
        let event = self.with_room(room, |room| room.draft(user, ("m.room.member", Some(user)), &content))?;
        Ok(json!({ "room_version": version, "event": event }))
    }

    pub(super) async fn take_join(&self, asked: &Asked, room: &str) -> Reply {
        let event = self.checked(&asked.body, &self.version(room)?).await?;
        let (id, json) = (event.id().to_owned(), event.json());
        self.pass_on(event, &asked.origin)?;
        // By what the join follows: the room may have gone on since the template was made.
        let (state, chain) = self.with_room(room, |room| room.state_before(&id).context("no such event"))?;
        let all = |events: Vec<Arc<Event>>| events.iter().map(|event| event.json()).collect::<Vec<_>>();
        Ok(json!({ "event": json, "state": all(state), "auth_chain": all(chain), "members_omitted": false, "origin": self.name() }))
    }

    pub(super) async fn take_leave(&self, asked: &Asked, room: &str) -> Reply {
        let event = self.checked(&asked.body, &self.version(room)?).await?;
        self.pass_on(event, &asked.origin)?;
        Ok(json!({}))
    }

    /// A membership event that came to us as the resident server: the others hear of it from us.
    fn pass_on(&self, event: Event, origin: &str) -> Result<(), Refusal> {
        match self.hear(event.clone())? {
            Verdict::Accepted => {
                self.spread_but(&event, &[], origin);
                Ok(())
            }
            Verdict::Known => Ok(()),
            other => refuse(StatusCode::FORBIDDEN, "M_FORBIDDEN", format!("{other:?}")),
        }
    }

    pub(super) async fn take_invite(&self, asked: &Asked, room: &str) -> Reply {
        let version = RoomVersionId::try_from(asked.body["room_version"].as_str().unwrap_or_default()).context("room_version")?;
        let event = self.checked(&asked.body["event"], &version).await?;
        let user = event.state_key().unwrap_or_default().to_owned();
        if !user.ends_with(&format!(":{}", self.name())) || !event.is_membership(&user, "invite") || event.room() != room {
            return refuse(StatusCode::BAD_REQUEST, "M_INVALID_PARAM", "not an invite of a user of ours");
        }
        let signed = self.key().co_sign_event(&event.json(), &version)?;
        let state = asked.body["invite_room_state"].as_array().cloned().unwrap_or_default();
        let by = event.sender().to_owned();
        self.with(|known| known.invites.push(Invite { room: room.to_owned(), user, by, via: asked.origin.clone(), state }));
        Ok(json!({ "event": signed }))
    }
}
