//! What the peer's users do, rightly or not.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use http::Method;
use ruma::RoomVersionId;
use serde_json::{Value, json};

use super::event::canonical;
use super::room::Room;
use super::{Event, Peer, Verdict};
use crate::http_client::encode;

/// How long a homeserver may need to store an invite of its own.
const QUICK: Duration = Duration::from_secs(5);
/// Between two attempts.
const AGAIN: Duration = Duration::from_millis(25);

impl Peer {
    /// A private room of a user's, with the power levels of a new room.
    ///
    /// # Errors
    /// If there is no such version.
    pub fn create_room(&self, version: &str, by: &str) -> Result<String> {
        let version = RoomVersionId::try_from(version)?;
        let placeholder = format!("!{:016x}:{}", rand::random::<u64>(), self.name());
        let mut room = Room::empty(&placeholder, version.clone())?;
        let is_hydra = version == RoomVersionId::V12;
        let mut create = json!({ "room_version": version, "made_by": rand::random::<u32>() });
        if version == RoomVersionId::V10 {
            create["creator"] = json!(by);
        }
        let create = room.draft(by, ("m.room.create", Some("")), &create)?;
        let create = self.read(&self.key().sign_event(&create, &version)?, &version)?;
        room.id = create.room().to_owned();
        let id = room.id.clone();
        room.accept(create)?;
        self.with(|known| known.rooms.insert(id.clone(), room));
        self.own(&id, by, ("m.room.member", Some(by)), json!({ "membership": "join" }))?;
        let levels = if is_hydra { json!({ "invite": 0 }) } else { json!({ "users": { by: 100 }, "invite": 0 }) };
        self.own(&id, by, ("m.room.power_levels", Some("")), levels)?;
        self.own(&id, by, ("m.room.join_rules", Some("")), json!({ "join_rule": "invite" }))?;
        self.own(&id, by, ("m.room.history_visibility", Some("")), json!({ "history_visibility": "shared" }))?;
        Ok(id)
    }

    /// Reads an event, without looking at its signatures.
    ///
    /// # Errors
    /// If it is no event of the room version.
    pub fn read(&self, event: &Value, version: &RoomVersionId) -> Result<Event> {
        Event::read(canonical(event)?, version)
    }

    /// An event on top of a room as it is, not hashed or signed yet, for a test to spoil.
    ///
    /// # Errors
    /// If the room is not here.
    pub fn draft(&self, room: &str, sender: &str, (kind, state_key): (&str, Option<&str>), content: &Value) -> Result<Value> {
        self.with_room(room, |room| room.draft(sender, (kind, state_key), content))
    }

    /// Hashes and signs an event.
    ///
    /// # Errors
    /// If it is no canonical JSON.
    pub fn sign(&self, room: &str, event: &Value) -> Result<Value> {
        self.key().sign_event(event, &self.version(room)?)
    }

    /// The id of an event.
    ///
    /// # Errors
    /// If it is no event.
    pub fn id_of(&self, room: &str, event: &Value) -> Result<String> {
        Ok(self.read(event, &self.version(room)?)?.id().to_owned())
    }

    /// Takes a signed event into the own room, and tells nobody.
    ///
    /// # Errors
    /// If it is no event.
    pub fn take(&self, room: &str, event: &Value) -> Result<Verdict> {
        let event = self.read(event, &self.version(room)?)?;
        self.with_room(room, |room| room.accept(event))
    }

    /// Keeps an event whatever the rules say, to be fetched by others.
    ///
    /// # Errors
    /// If it is no event.
    pub fn plant(&self, room: &str, event: &Value) -> Result<String> {
        let event = self.read(event, &self.version(room)?)?;
        let id = event.id().to_owned();
        self.with_room(room, |room| {
            room.plant(event);
            Ok(id)
        })
    }

    /// An own event, taken in, and told nobody.
    ///
    /// # Errors
    /// If the room's rules forbid it.
    pub fn own(&self, room: &str, sender: &str, (kind, state_key): (&str, Option<&str>), content: Value) -> Result<Event> {
        let draft = self.draft(room, sender, (kind, state_key), &content)?;
        let event = self.read(&self.sign(room, &draft)?, &self.version(room)?)?;
        match self.with_room(room, |room| room.accept(event.clone()))? {
            Verdict::Accepted => Ok(event),
            other => bail!("{kind}: {other:?}"),
        }
    }

    /// An event that the other homeservers in the room hear of; its id.
    ///
    /// # Errors
    /// If the room's rules forbid it.
    pub fn send(&self, room: &str, sender: &str, kind: &str, content: Value) -> Result<String> {
        let event = self.own(room, sender, (kind, None), content)?;
        self.spread(&event, &[]);
        Ok(event.id().to_owned())
    }

    /// A text message; its id.
    ///
    /// # Errors
    /// If the room's rules forbid it.
    pub fn say(&self, room: &str, sender: &str, text: &str) -> Result<String> {
        self.send(room, sender, "m.room.message", json!({ "msgtype": "m.text", "body": text }))
    }

    /// A state event; its id.
    ///
    /// # Errors
    /// If the room's rules forbid it.
    pub fn set_state(&self, room: &str, sender: &str, (kind, state_key): (&str, &str), content: Value) -> Result<String> {
        let event = self.own(room, sender, (kind, Some(state_key)), content)?;
        self.spread(&event, &[]);
        Ok(event.id().to_owned())
    }

    /// A membership of a user's, by the same or another user. Who is sent away hears of it, too.
    ///
    /// # Errors
    /// If the room's rules forbid it.
    pub fn set_membership(&self, room: &str, by: &str, (user, membership): (&str, &str)) -> Result<String> {
        let event = self.own(room, by, ("m.room.member", Some(user)), json!({ "membership": membership }))?;
        self.spread(&event, &[server_of(user)]);
        Ok(event.id().to_owned())
    }

    /// A signed event as it is, alone in a transaction.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn send_raw(&self, to: &str, event: &Value) -> Result<crate::https::Answer> {
        let id = format!("raw-{:016x}", rand::random::<u64>());
        self.transaction(to, &id, std::slice::from_ref(event)).await
    }

    /// An invite; a user of another homeserver gets it by that homeserver, which has to sign it.
    ///
    /// # Errors
    /// If the rules forbid it, or the homeserver refuses.
    pub async fn invite(&self, room: &str, by: &str, user: &str) -> Result<()> {
        let content = json!({ "membership": "invite" });
        let mut draft = self.sign(room, &self.draft(room, by, ("m.room.member", Some(user)), &content)?)?;
        let server = server_of(user);
        if server != self.name() {
            let id = self.id_of(room, &draft)?;
            let body =
                json!({ "event": draft, "room_version": self.version(room)?, "invite_room_state": self.invite_state(room)? });
            let path = format!("/_matrix/federation/v2/invite/{}/{}", encode(room), encode(&id));
            draft = self.ask(server, Method::PUT, &path, &body).await?["event"].take();
        }
        let event = self.checked(&draft, &self.version(room)?).await?;
        match self.with_room(room, |room| room.accept(event.clone()))? {
            Verdict::Accepted => self.spread(&event, &[server]),
            Verdict::Known => {}
            other => bail!("the invite: {other:?}"),
        }
        Ok(())
    }

    fn invite_state(&self, room: &str) -> Result<Vec<Value>> {
        let kinds = ["m.room.create", "m.room.join_rules", "m.room.name"];
        self.with_room(room, |room| Ok(kinds.iter().filter_map(|kind| room.state(kind, "")).map(|event| event.json()).collect()))
    }

    /// Joins a room of another homeserver.
    ///
    /// # Errors
    /// If it refuses, or what it says makes no room.
    pub async fn join(&self, room: &str, user: &str, via: &str) -> Result<()> {
        let path = format!("/_matrix/federation/v1/make_join/{}/{}?ver=10&ver=11&ver=12", encode(room), encode(user));
        let made = self.template(via, &path).await?;
        let version = RoomVersionId::try_from(made["room_version"].as_str().unwrap_or("1"))?;
        let mut template = made["event"].clone();
        template["origin_server_ts"] = json!(super::keys::now());
        let event = self.key().sign_event(&template, &version)?;
        let id = self.read(&event, &version)?.id().to_owned();
        let path = format!("/_matrix/federation/v2/send_join/{}/{}", encode(room), encode(&id));
        let answer = self.ask(via, Method::PUT, &path, &event).await?;
        let state = self.checked_all(&answer["state"], &version).await?;
        let chain = self.checked_all(&answer["auth_chain"], &version).await?;
        // A restricted join comes back with one signature more.
        let join = if answer["event"].is_object() { answer["event"].clone() } else { event };
        let joined = Room::joined(room, version.clone(), (state, chain), self.checked(&join, &version).await?)?;
        self.with(|known| {
            known.invites.retain(|invite| invite.room != room || invite.user != user);
            match known.rooms.get_mut(room) {
                // We were in it already, by another user.
                Some(_) => {}
                None => drop(known.rooms.insert(room.to_owned(), joined)),
            }
        });
        Ok(())
    }

    /// A template. An invite is here before its own homeserver has stored it, so that the first refusals may only mean
    /// that we were quick.
    async fn template(&self, via: &str, path: &str) -> Result<Value> {
        let deadline = Instant::now() + QUICK;
        loop {
            match self.ask(via, Method::GET, path, &Value::Null).await {
                Err(_) if Instant::now() < deadline => tokio::time::sleep(AGAIN).await,
                answer => return answer,
            }
        }
    }

    async fn checked_all(&self, events: &Value, version: &RoomVersionId) -> Result<Vec<Event>> {
        let mut checked = Vec::new();
        for event in events.as_array().context("no list of events")? {
            checked.push(self.checked(event, version).await?);
        }
        Ok(checked)
    }

    /// Declines an invite of another homeserver's.
    ///
    /// # Errors
    /// If it refuses.
    pub async fn decline(&self, room: &str, user: &str, via: &str) -> Result<()> {
        let path = format!("/_matrix/federation/v1/make_leave/{}/{}", encode(room), encode(user));
        let made = self.template(via, &path).await?;
        let version = RoomVersionId::try_from(made["room_version"].as_str().unwrap_or("1"))?;
        let event = self.key().sign_event(&made["event"], &version)?;
        let id = self.read(&event, &version)?.id().to_owned();
        let path = format!("/_matrix/federation/v2/send_leave/{}/{}", encode(room), encode(&id));
        self.ask(via, Method::PUT, &path, &event).await.map(|_| ())
    }
}

fn server_of(user: &str) -> &str {
    user.split_once(':').map_or("", |(_, server)| server)
}
