//! Who takes part in a round, and what they say and do, however often the gateway is away meanwhile.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::homeserver::Homeserver;
use crate::control::{Draft, RoomView};
use crate::patience::{self, Look};
use crate::scenario::report::Topology;
use crate::trio::{PROVIDER, Trio};

/// How long a round waits for one thing, through any number of deaths.
pub(super) const LIMIT: Duration = Duration::from_secs(90);

/// One conversation between alice and bob on Matrix and carol on MIMI.
pub struct Round<'a, H> {
    pub(super) trio: &'a Trio<H>,
    /// Who is hub.
    pub topology: Topology,
    /// Ends all names.
    pub tag: String,
    /// The Matrix room.
    pub room: String,
    /// The MIMI room.
    pub mimi_room: String,
    pub(super) alice: String,
    pub(super) bob: String,
    pub(super) carol: String,
    pub(super) carol_uri: String,
    /// What each has said, in order; carol by her URI, too.
    pub(super) said: RefCell<BTreeMap<String, Vec<String>>>,
    /// What the room is called.
    pub(super) name: RefCell<String>,
}

impl<'a, H: Homeserver> Round<'a, H> {
    /// The people, with names that end in `tag`.
    ///
    /// # Errors
    /// If the homeserver or the provider refuses.
    pub async fn new(trio: &'a Trio<H>, topology: Topology, tag: &str) -> Result<Self> {
        let (alice, bob) = (trio.matrix.user(&format!("alice{tag}")).await?, trio.matrix.user(&format!("bob{tag}")).await?);
        let carol = format!("carol{tag}");
        let carol_uri = trio.provider.control.add_user(&carol, &["phone"]).await?;
        let (said, name) = (RefCell::default(), RefCell::new(format!("Room {tag}")));
        let (room, mimi_room, tag) = (String::new(), String::new(), tag.to_owned());
        Ok(Self { trio, topology, tag, room, mimi_room, alice, bob, carol, carol_uri, said, name })
    }

    /// The whole conversation.
    ///
    /// # Errors
    /// If a step fails, or the records do not come to agree.
    pub async fn go(&mut self) -> Result<()> {
        match self.topology {
            Topology::OurHub => self.our_hub().await,
            Topology::ForeignHub => self.foreign_hub().await,
        }
    }

    pub(super) fn phone(&self) -> String {
        format!("{}/phone", self.carol)
    }

    pub(super) fn puppet(&self, user: &str) -> String {
        self.trio.gateway.puppet(user)
    }

    pub(super) fn ghost(&self) -> String {
        self.trio.gateway.ghost(PROVIDER, &self.carol)
    }

    /// The next thing that somebody says.
    fn next(&self, who: &str, uri: &str) -> String {
        let mut said = self.said.borrow_mut();
        let texts = said.entry(uri.to_owned()).or_default();
        let text = format!("{who} {}", texts.len() + 1);
        texts.push(text.clone());
        text
    }

    /// Somebody on Matrix says something.
    pub(super) async fn matrix_says(&self, user: &str) -> Result<()> {
        let text = self.next(user, &self.puppet(user));
        self.trio.matrix.say(&self.room, user, &text).await
    }

    /// carol says something; returns when the hub has taken it.
    pub(super) async fn carol_says(&self) -> Result<()> {
        let text = self.next("carol", &self.carol_uri);
        let draft = Draft { kind: "text", text: &text, ..Draft::default() };
        self.trio.provider.control.send(&self.phone(), &self.mimi_room, draft).await.map(|_| ())
    }

    /// These on Matrix and carol say so many things each, all at once.
    pub(super) async fn everybody_talks(&self, on_matrix: &[&str], times: usize) -> Result<()> {
        let mimi = async {
            for _ in 0..times {
                self.carol_says().await?;
            }
            anyhow::Ok(())
        };
        let matrix = async {
            for _ in 0..times {
                for user in on_matrix {
                    self.matrix_says(user).await?;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok(())
        };
        tokio::try_join!(mimi, matrix).map(|_| ())
    }

    /// Somebody on Matrix renames the room.
    pub(super) async fn renames(&self, user: &str, name: &str) -> Result<()> {
        name.clone_into(&mut self.name.borrow_mut());
        self.trio.matrix.set_state(&self.room, user, ("m.room.name", ""), json!({ "name": name })).await
    }

    /// carol renames the room.
    pub(super) async fn carol_renames(&self, name: &str) -> Result<()> {
        name.clone_into(&mut self.name.borrow_mut());
        self.trio.provider.control.rename(&self.phone(), &self.mimi_room, name).await
    }

    /// bob comes into the Matrix room, as alice wants it.
    pub(super) async fn bob_comes(&self) -> Result<()> {
        self.trio.matrix.invite(&self.room, &self.alice, &self.bob).await?;
        self.trio.matrix.join(&self.room, &self.bob, &self.trio.gateway.server_name).await
    }

    /// A user's membership, as alice's homeserver has it.
    pub(super) async fn membership(&self, user: &str) -> Result<String> {
        let content = self.trio.matrix.state(&self.room, &self.alice, ("m.room.member", user)).await?;
        Ok(content["membership"].as_str().unwrap_or("leave").to_owned())
    }

    /// Waits until somebody is in the Matrix room.
    pub(super) async fn has_joined(&self, user: &str) -> Result<()> {
        until(format!("the join of {user}"), async || {
            let membership = self.membership(user).await?;
            Ok(Look::from_option((membership == "join").then_some(()), || membership))
        })
        .await
    }

    /// What the Matrix room is called.
    pub(super) async fn name_on_matrix(&self) -> Result<String> {
        let content = self.trio.matrix.state(&self.room, &self.alice, ("m.room.name", "")).await?;
        Ok(content["name"].as_str().unwrap_or_default().to_owned())
    }

    /// How many messages were said on Matrix, and how many on MIMI.
    pub fn messages(&self) -> (usize, usize) {
        let said = self.said.borrow();
        let all: usize = said.values().map(Vec::len).sum();
        let on_mimi = said.get(&self.carol_uri).map_or(0, Vec::len);
        (all - on_mimi, on_mimi)
    }

    /// The room as carol's phone sees it.
    pub(super) async fn view(&self) -> Result<RoomView> {
        let rooms = self.trio.provider.control.rooms(&self.phone()).await?;
        let is_ours = |view: &RoomView| self.mimi_room.is_empty() || view.room == self.mimi_room;
        rooms.into_iter().find(is_ours).ok_or_else(|| anyhow::anyhow!("{} is not in the room", self.phone()))
    }
}

/// Waits as long as a round may.
pub(super) async fn until<T>(what: impl std::fmt::Display, look: impl AsyncFnMut() -> Result<Look<T>>) -> Result<T> {
    patience::until_for(LIMIT, what, look).await
}

/// Does something that the gateway has to answer, again and again, as a user whose client shows an error would.
pub(super) async fn again<T>(what: &str, attempt: impl AsyncFn() -> Result<T>) -> Result<T> {
    until(what, async || attempt().await.map(Look::Found)).await
}
