//! A light homeserver in a task of the test process: the counterpart of the gateway where a whole Synapse would be too
//! slow, too obliging, or both. It signs, checks, authorises and resolves for real, in rooms of versions 10 to 12; and
//! it sends whatever a test wants sent, and fails as planned.
//!
//! `room` is a room with its graph; `server` takes requests (`membership`, `history`, `queries` answer them), `client`
//! makes them, `outgoing` sends events in order until they are taken; `act` is what the peer's users do.

mod act;
mod client;
mod event;
mod history;
mod keys;
mod membership;
mod outgoing;
mod queries;
mod room;
mod server;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use http::StatusCode;
use ruma::RoomVersionId;
use ruma::signatures::PublicKeySet;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::certificates::Authority;
use crate::faults::Faults;
use crate::https::{Https, server_config};
use crate::patience::PATIENCE;

pub use client::Forgery;
pub use event::Event;
pub use keys::SigningKey;
pub use outgoing::Order;
pub use room::Verdict;

use outgoing::Lane;
use room::Room;

/// A request that the peer has got.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its path and query, as they came.
    pub path: String,
    /// Its body.
    pub body: Value,
    /// Who signed it; nobody for what needs no signature.
    pub origin: String,
    /// The answer; none if it was planned to get none.
    pub status: Option<StatusCode>,
}

/// An invite of one of the peer's users.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The room.
    pub room: String,
    /// The invited.
    pub user: String,
    /// The inviter.
    pub by: String,
    /// The homeserver that sent it.
    pub via: String,
    /// The state that came with it.
    pub state: Vec<Value>,
}

/// An event in a transaction.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The transaction's id.
    pub transaction: String,
    /// The event's id.
    pub event: String,
    /// What became of it.
    pub verdict: Verdict,
}

/// A homeserver; clones are the same one.
#[derive(Clone)]
pub struct Peer {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    port: u16,
    key: SigningKey,
    https: Https,
    faults: Faults,
    state: Mutex<Known>,
    /// Counts changes of `state`.
    changed: watch::Sender<u64>,
    tasks: Mutex<Vec<AbortHandle>>,
}

#[derive(Default)]
struct Known {
    rooms: HashMap<String, Room>,
    keys: HashMap<String, PublicKeySet>,
    /// Rooms that are being joined: what is said in them meanwhile has to wait.
    joining: Vec<String>,
    invites: Vec<Invite>,
    requests: Vec<Request>,
    /// Events that others have sent and that were accepted, in order.
    heard: Vec<Arc<Event>>,
    /// Every event in every transaction, repeated transactions left out, whatever became of it.
    sent_to_us: Vec<Sent>,
    /// Answers to transactions, by origin and id.
    answered: HashMap<(String, String), Value>,
    lanes: HashMap<String, Arc<Lane>>,
    /// What is served at the key server instead of the truth.
    published: Option<Value>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}

impl Peer {
    /// Starts a homeserver with a certificate of this authority, under the name `localhost:<port>`.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn start(authority: &Authority) -> Result<Self> {
        Self::start_as("localhost", authority).await
    }

    /// The same under another name that leads here: `127.0.0.1`.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn start_as(host: &str, authority: &Authority) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let name = format!("{host}:{port}");
        let inner = Inner {
            key: SigningKey::generate(&name, "peer")?,
            name,
            port,
            https: Https::new(&authority.root_pem(), None)?,
            faults: Faults::default(),
            state: Mutex::default(),
            changed: watch::Sender::new(0),
            tasks: Mutex::default(),
        };
        let peer = Self { inner: Arc::new(inner) };
        let tls = server_config(&authority.issue(&["localhost", "127.0.0.1"]))?;
        let serving = tokio::spawn(server::serve(listener, tls, Arc::downgrade(&peer.inner)));
        peer.keep_until_dropped(serving.abort_handle());
        Ok(peer)
    }

    fn keep_until_dropped(&self, task: AbortHandle) {
        self.inner.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }

    /// Its server name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.inner.port
    }

    /// A user's id. Users need no registration.
    pub fn user(&self, name: &str) -> String {
        format!("@{name}:{}", self.inner.name)
    }

    /// Its signing key.
    pub fn key(&self) -> &SigningKey {
        &self.inner.key
    }

    /// What goes wrong, and when.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// The key server answers this from now on.
    pub fn publish_keys(&self, document: Value) {
        self.with(|known| known.published = Some(document));
    }

    /// Forgets what it knows of others' signing keys.
    pub fn forget_keys(&self) {
        self.with(|known| known.keys.clear());
    }

    /// All requests, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.look(|known| known.requests.clone())
    }

    /// Events of others, as accepted, in order.
    pub fn received(&self) -> Vec<Arc<Event>> {
        self.look(|known| known.heard.clone())
    }

    /// Every event in every transaction, repeated transactions left out, whatever became of it.
    pub fn sent_to_us(&self) -> Vec<Sent> {
        self.look(|known| known.sent_to_us.clone())
    }

    /// Everything in a room, own events included, in the order of acceptance.
    pub fn timeline(&self, room: &str) -> Vec<Arc<Event>> {
        self.look(|known| known.rooms.get(room).map(|room| room.timeline.clone()).unwrap_or_default())
    }

    /// The content of a state event.
    pub fn state(&self, room: &str, kind: &str, state_key: &str) -> Value {
        let found = |known: &Known| Some(known.rooms.get(room)?.state(kind, state_key)?.content());
        self.look(|known| found(known).unwrap_or_default())
    }

    /// The type of an event that is known here; empty if it is not.
    pub fn kind_of(&self, room: &str, id: &str) -> String {
        self.look(|known| known.rooms.get(room).and_then(|room| room.event(id)).map(|event| event.kind()).unwrap_or_default())
    }

    /// A user's membership; `leave` if it was never there.
    pub fn membership(&self, room: &str, user: &str) -> String {
        self.look(|known| known.rooms.get(room).map_or_else(|| "leave".to_owned(), |room| room.membership(user)))
    }

    /// The newest events of a room.
    pub fn extremities(&self, room: &str) -> Vec<String> {
        self.look(|known| known.rooms.get(room).map(Room::extremities).unwrap_or_default())
    }

    /// Invites of its users, in order.
    pub fn invites(&self) -> Vec<Invite> {
        self.look(|known| known.invites.clone())
    }

    /// Waits for an event of another homeserver.
    ///
    /// # Errors
    /// If it does not come in time: what came instead.
    pub async fn wait_for(&self, what: &str, is_it: impl Fn(&Event) -> bool) -> Result<Arc<Event>> {
        self.until(what, |known| known.heard.iter().find(|event| is_it(event)).cloned()).await.with_context(|| {
            let heard: Vec<String> = self.received().iter().map(|event| format!("{} {}", event.kind(), event.content())).collect();
            format!("{} has heard:\n{}", self.name(), heard.join("\n"))
        })
    }

    /// Waits until a user of any homeserver has a membership.
    ///
    /// # Errors
    /// If it does not in time.
    pub async fn wait_for_membership(&self, room: &str, user: &str, membership: &str) -> Result<()> {
        let what = format!("{membership} of {user}");
        self.until(&what, |known| (known.rooms.get(room)?.membership(user) == membership).then_some(())).await
    }

    /// How many events a room has.
    pub fn count(&self, room: &str) -> usize {
        self.look(|known| known.rooms.get(room).map_or(0, |room| room.timeline.len()))
    }

    /// Waits until a room has so many events.
    ///
    /// # Errors
    /// If it has not in time.
    pub async fn wait_for_count(&self, room: &str, count: usize) -> Result<()> {
        let what = format!("{count} events, not {}", self.count(room));
        self.until(&what, |known| (known.rooms.get(room)?.timeline.len() >= count).then_some(())).await
    }

    /// Waits for an invite of one of its users.
    ///
    /// # Errors
    /// If it does not come in time.
    pub async fn wait_for_invite(&self, user: &str) -> Result<Invite> {
        self.until(&format!("an invite of {user}"), |known| known.invites.iter().find(|invite| invite.user == user).cloned()).await
    }

    /// Waits for a request, answered or not.
    ///
    /// # Errors
    /// If it does not come in time.
    pub async fn wait_for_request(&self, what: &str, is_it: impl Fn(&Request) -> bool) -> Result<Request> {
        self.until(what, |known| known.requests.iter().find(|request| is_it(request)).cloned()).await
    }

    async fn until<T>(&self, what: &str, look: impl Fn(&Known) -> Option<T>) -> Result<T> {
        let mut changes = self.inner.changed.subscribe();
        let seen = async {
            loop {
                if let Some(found) = self.look(&look) {
                    return Ok(found);
                }
                changes.changed().await?;
            }
        };
        match tokio::time::timeout(PATIENCE, seen).await {
            Ok(found) => found,
            Err(_) => anyhow::bail!("waited {} s for {what}", PATIENCE.as_secs()),
        }
    }

    fn look<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.inner.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        let done = change(&mut self.inner.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.inner.changed.send_modify(|count| *count += 1);
        done
    }

    /// The version of a room.
    ///
    /// # Errors
    /// If it is not here.
    pub fn version(&self, room: &str) -> Result<RoomVersionId> {
        self.with_room(room, |room| Ok(room.version.clone()))
    }

    fn with_room<T>(&self, room: &str, act: impl FnOnce(&mut Room) -> Result<T>) -> Result<T> {
        self.with(|known| act(known.rooms.get_mut(room).with_context(|| format!("{room} is not here"))?))
    }
}
