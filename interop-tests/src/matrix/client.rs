//! A Matrix user's client: the client-server API of its homeserver, and a `/sync` loop that remembers what it saw.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use http::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::sync::{Event, Invite, Seen};
use crate::http_client::{Answer, HttpClient, encode};
use crate::patience::PATIENCE;

const API: &str = "/_matrix/client/v3";
/// All state and long timelines: nothing that happened between two answers may be left out.
const FILTER: &str = r#"{"room":{"timeline":{"limit":1000},"ephemeral":{"not_types":["*"]}},"presence":{"not_types":["*"]}}"#;
const LONG_POLL_MS: u64 = 20_000;
const AFTER_AN_ERROR: Duration = Duration::from_millis(500);

/// A logged-in user; dropping it ends its `/sync` loop.
pub struct MatrixClient {
    /// Its Matrix user id.
    pub user_id: String,
    http: HttpClient,
    seen: Arc<watch::Sender<Seen>>,
    sync: JoinHandle<()>,
    transactions: AtomicU64,
}

impl Drop for MatrixClient {
    fn drop(&mut self) {
        self.sync.abort();
    }
}

impl MatrixClient {
    /// Registers a user and begins to sync.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn register(http: HttpClient, name: &str, password: &str) -> Result<Self> {
        let body = json!({ "username": name, "password": password, "auth": { "type": "m.login.dummy" } });
        Self::begin(&http, &http.post(&format!("{API}/register"), &body).await?)
    }

    /// Logs in and begins to sync.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn login(http: HttpClient, name: &str, password: &str) -> Result<Self> {
        let identifier = json!({ "type": "m.id.user", "user": name });
        let body = json!({ "type": "m.login.password", "identifier": identifier, "password": password });
        Self::begin(&http, &http.post(&format!("{API}/login"), &body).await?)
    }

    fn begin(http: &HttpClient, session: &Value) -> Result<Self> {
        let http = http.with_token(text(session, "access_token")?);
        let seen = Arc::new(watch::Sender::new(Seen::default()));
        let user_id = text(session, "user_id")?.to_owned();
        let sync = tokio::spawn(sync(http.clone(), user_id.clone(), Arc::clone(&seen)));
        Ok(Self { user_id, http, seen, sync, transactions: AtomicU64::new(0) })
    }

    fn path(&self, room_id: &str, rest: &str) -> String {
        format!("{API}/rooms/{}/{rest}", encode(room_id))
    }

    /// Makes a room; `options` as in `POST /createRoom`.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn create_room(&self, options: &Value) -> Result<String> {
        let made = self.http.post(&format!("{API}/createRoom"), options).await?;
        Ok(text(&made, "room_id")?.to_owned())
    }

    async fn membership(&self, room_id: &str, what: &str, body: Value) -> Result<()> {
        self.http.post(&self.path(room_id, what), &body).await.map(|_| ())
    }

    /// Invites a user.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn invite(&self, room_id: &str, user: &str) -> Result<()> {
        self.membership(room_id, "invite", json!({ "user_id": user })).await
    }

    /// Joins a room that it is invited to.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn join(&self, room_id: &str) -> Result<()> {
        self.membership(room_id, "join", json!({})).await
    }

    /// Leaves a room, or declines an invite.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn leave(&self, room_id: &str) -> Result<()> {
        self.membership(room_id, "leave", json!({})).await
    }

    /// Removes a user.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn kick(&self, room_id: &str, user: &str) -> Result<()> {
        self.membership(room_id, "kick", json!({ "user_id": user })).await
    }

    /// Sends an event; returns its id.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn send(&self, room_id: &str, kind: &str, content: &Value) -> Result<String> {
        let transaction = self.transactions.fetch_add(1, Ordering::Relaxed);
        let path = self.path(room_id, &format!("send/{kind}/t{transaction}"));
        Ok(text(&self.http.put(&path, content).await?, "event_id")?.to_owned())
    }

    /// Sends plain text.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn say(&self, room_id: &str, body: &str) -> Result<String> {
        self.send(room_id, "m.room.message", &json!({ "msgtype": "m.text", "body": body })).await
    }

    /// Sends a state event, whatever the homeserver answers.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn try_state(&self, room_id: &str, (kind, key): (&str, &str), content: &Value) -> Result<Answer> {
        let path = self.path(room_id, &format!("state/{kind}/{}", encode(key)));
        self.http.request(Method::PUT, &path, Some(content)).await
    }

    /// Sends a state event.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn set_state(&self, room_id: &str, key: (&str, &str), content: &Value) -> Result<()> {
        self.try_state(room_id, key, content).await?.success().map(|_| ())
    }

    /// Content of a state event.
    ///
    /// # Errors
    /// If there is none.
    pub async fn state(&self, room_id: &str, (kind, key): (&str, &str)) -> Result<Value> {
        self.http.get(&self.path(room_id, &format!("state/{kind}/{}", encode(key)))).await
    }

    /// Redacts an event.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn redact(&self, room_id: &str, event_id: &str) -> Result<String> {
        let transaction = self.transactions.fetch_add(1, Ordering::Relaxed);
        let path = self.path(room_id, &format!("redact/{}/t{transaction}", encode(event_id)));
        Ok(text(&self.http.put(&path, &json!({})).await?, "event_id")?.to_owned())
    }

    /// The users that are in the room.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn joined_members(&self, room_id: &str) -> Result<Vec<String>> {
        let answer = self.http.get(&self.path(room_id, "joined_members")).await?;
        Ok(answer["joined"].as_object().map(|joined| joined.keys().cloned().collect()).unwrap_or_default())
    }

    /// All events of a room, the oldest first, as its homeserver gives them to whoever scrolls back.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn history(&self, room_id: &str) -> Result<Vec<Event>> {
        let (mut events, mut from) = (Vec::new(), String::new());
        loop {
            let page = self.http.get(&self.path(room_id, &format!("messages?dir=b&limit=500{from}"))).await?;
            events.extend(page["chunk"].as_array().into_iter().flatten().cloned().map(Event));
            let Some(end) = page["end"].as_str() else { break };
            from = format!("&from={}", encode(end));
        }
        events.reverse();
        Ok(events)
    }

    /// Looks at what was seen so far.
    pub fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.borrow())
    }

    /// Waits for an event of the room.
    ///
    /// # Errors
    /// If the time is over, with the newest events.
    pub async fn wait_for(&self, room_id: &str, what: &str, is_it: impl Fn(&Event) -> bool) -> Result<Event> {
        let found = |seen: &Seen| seen.room(room_id).iter().find(|event| is_it(event)).cloned();
        self.until(what, found, |seen| newest(seen.room(room_id))).await
    }

    /// Waits for an invite.
    ///
    /// # Errors
    /// If the time is over, with the invites that are there.
    pub async fn wait_for_invite(&self, what: &str, is_it: impl Fn(&Invite) -> bool) -> Result<Invite> {
        let found = |seen: &Seen| seen.invites().find(|invite| is_it(invite)).cloned();
        let there_is = |seen: &Seen| format!("invites by {:?}", seen.invites().map(|invite| &invite.sender).collect::<Vec<_>>());
        self.until(what, found, there_is).await
    }

    /// Waits for what an answer to `/sync` brings, and sees it at once.
    async fn until<T>(&self, what: &str, look: impl Fn(&Seen) -> Option<T>, otherwise: impl Fn(&Seen) -> String) -> Result<T> {
        let mut answers = self.seen.subscribe();
        let found = async {
            loop {
                if let Some(found) = look(&answers.borrow_and_update()) {
                    return anyhow::Ok(found);
                }
                answers.changed().await?;
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => {
                bail!("waited {} s for {what} at {}; last seen: {}", PATIENCE.as_secs(), self.user_id, self.seen(otherwise))
            }
        }
    }
}

fn newest(events: &[Event]) -> String {
    let newest: Vec<String> = events.iter().rev().take(4).map(Event::summary).collect();
    format!("{} events, the newest: {}", events.len(), newest.join(" | "))
}

fn text<'a>(body: &'a Value, key: &str) -> Result<&'a str> {
    body.get(key).and_then(Value::as_str).with_context(|| format!("no `{key}` in {body}"))
}

async fn sync(http: HttpClient, user_id: String, seen: Arc<watch::Sender<Seen>>) {
    let mut since: Option<String> = None;
    loop {
        let from = since.as_deref().map(|since| format!("&since={}", encode(since))).unwrap_or_default();
        let path = format!("{API}/sync?timeout={LONG_POLL_MS}&filter={}{from}", encode(FILTER));
        match http.get(&path).await {
            Ok(answer) => {
                since = answer["next_batch"].as_str().map(str::to_owned);
                seen.send_modify(|seen| seen.take_in(&answer, &user_id));
            }
            Err(_) => tokio::time::sleep(AFTER_AN_ERROR).await,
        }
    }
}
