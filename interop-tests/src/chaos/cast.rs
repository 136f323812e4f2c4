//! Who takes part in a round, and what they say and do, however often the gateway is away meanwhile.

use std::cell::RefCell;
use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::json;

use crate::control::Draft;
use crate::light::{Light, PROVIDER};
use crate::patience::{self, Look};
use crate::scenario::report::Topology;

/// One conversation between alice and bob on Matrix and carol on MIMI.
pub struct Round<'a> {
    pub(super) light: &'a Light,
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

impl<'a> Round<'a> {
    /// The people, with names that end in `tag`.
    ///
    /// # Errors
    /// If the provider refuses.
    pub async fn new(light: &'a Light, topology: Topology, tag: &str) -> Result<Self> {
        let (alice, bob, carol) =
            (light.matrix.user(&format!("alice{tag}")), light.matrix.user(&format!("bob{tag}")), format!("carol{tag}"));
        let carol_uri = light.provider.control.add_user(&carol, &["phone"]).await?;
        let (said, name) = (RefCell::default(), RefCell::new(format!("Room {tag}")));
        let (room, mimi_room, tag) = (String::new(), String::new(), tag.to_owned());
        Ok(Self { light, topology, tag, room, mimi_room, alice, bob, carol, carol_uri, said, name })
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
        self.light.gateway.puppet(user)
    }

    pub(super) fn ghost(&self) -> String {
        self.light.gateway.ghost(PROVIDER, &self.carol)
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
    pub(super) fn matrix_says(&self, user: &str) -> Result<()> {
        let text = self.next(user, &self.puppet(user));
        self.light.matrix.say(&self.room, user, &text).map(|_| ())
    }

    /// carol says something; returns when the hub has taken it.
    pub(super) async fn carol_says(&self) -> Result<()> {
        let text = self.next("carol", &self.carol_uri);
        let draft = Draft { kind: "text", text: &text, ..Draft::default() };
        self.light.provider.control.send(&self.phone(), &self.mimi_room, draft).await.map(|_| ())
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
                on_matrix.iter().try_for_each(|user| self.matrix_says(user))?;
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            Ok(())
        };
        tokio::try_join!(mimi, matrix).map(|_| ())
    }

    /// Somebody on Matrix renames the room.
    pub(super) fn renames(&self, user: &str, name: &str) -> Result<()> {
        name.clone_into(&mut self.name.borrow_mut());
        self.light.matrix.set_state(&self.room, user, ("m.room.name", ""), json!({ "name": name })).map(|_| ())
    }

    /// carol renames the room.
    pub(super) async fn carol_renames(&self, name: &str) -> Result<()> {
        name.clone_into(&mut self.name.borrow_mut());
        self.light.provider.control.rename(&self.phone(), &self.mimi_room, name).await
    }

    /// bob comes into the Matrix room, as alice wants it.
    pub(super) fn bob_comes(&self) -> Result<()> {
        self.light.matrix.set_membership(&self.room, &self.alice, (&self.bob, "invite"))?;
        self.light.matrix.set_membership(&self.room, &self.bob, (&self.bob, "join")).map(|_| ())
    }

    /// The room as carol's phone sees it.
    pub(super) async fn view(&self) -> Result<crate::control::RoomView> {
        let rooms = self.light.provider.control.rooms(&self.phone()).await?;
        let is_ours = |view: &crate::control::RoomView| self.mimi_room.is_empty() || view.room == self.mimi_room;
        rooms.into_iter().find(is_ours).ok_or_else(|| anyhow::anyhow!("{} is not in the room", self.phone()))
    }
}

/// Does something that the gateway has to answer, again and again, as a user whose client shows an error would.
pub(super) async fn again<T>(what: &str, attempt: impl AsyncFn() -> Result<T>) -> Result<T> {
    patience::until(what, async || attempt().await.map(Look::Found)).await
}
