//! One bridged room between the light peers.

use anyhow::Result;
use serde_json::json;

use super::{Light, PROVIDER};
use crate::control::{Draft, Message};
use crate::patience::{self, Look};
use crate::scenario::consent;

/// A Matrix room of alice's that is bridged, with carol of the provider in it.
pub struct Bridge<'a> {
    light: &'a Light,
    /// The Matrix room.
    pub room: String,
    /// The MIMI room.
    pub mimi_room: String,
    /// `@alice:…`
    pub alice: String,
    /// `mimi://…/u/…` of alice.
    pub alice_uri: String,
    /// `mimi://…/u/…` of carol.
    pub carol_uri: String,
    /// carol's ghost.
    pub carol_ghost: String,
    /// carol's only device, as the control API names it.
    pub phone: String,
}

impl Light {
    /// A Matrix room of this version that the gateway is in.
    ///
    /// # Errors
    /// If it does not join.
    pub async fn opted_in_room(&self, version: &str, owner: &str) -> Result<String> {
        let room = self.matrix.create_room(version, owner)?;
        let opt_in = ("dev.causeway.bridge", self.gateway.server_name.as_str());
        self.matrix.set_state(&room, owner, opt_in, json!({ "trust_mode": "endpoint" }))?;
        self.matrix.invite(&room, owner, &self.gateway.own_user()).await?;
        self.matrix.wait_for_membership(&room, &self.gateway.own_user(), "join").await?;
        Ok(room)
    }

    /// A bridged room; both users have names that end in `tag`.
    ///
    /// # Errors
    /// If one of the steps fails.
    pub async fn bridge(&self, version: &str, tag: &str) -> Result<Bridge<'_>> {
        let (alice, carol) = (self.matrix.user(&format!("alice{tag}")), format!("carol{tag}"));
        let carol_uri = self.provider.control.add_user(&carol, &["phone"]).await?;
        let room = self.opted_in_room(version, &alice).await?;
        let (carol_ghost, alice_uri) = (self.gateway.ghost(PROVIDER, &carol), self.gateway.puppet(&alice));
        self.matrix.invite(&room, &alice, &carol_ghost).await?;
        consent::awaits(&self.provider.control, (&alice_uri, &carol_uri), "requested").await?;
        self.provider.control.consent("grant", &alice_uri, &carol_uri).await?;
        self.matrix.wait_for_membership(&room, &carol_ghost, "join").await?;
        let phone = format!("{carol}/phone");
        let mimi_room = patience::until(format!("a room at {phone}"), async || {
            let rooms = self.provider.control.rooms(&phone).await?;
            Ok(Look::from_option(rooms.first().map(|view| view.room.clone()), || "no room".to_owned()))
        });
        let mimi_room = mimi_room.await?;
        Ok(Bridge { light: self, room, mimi_room, alice, alice_uri, carol_uri, carol_ghost, phone })
    }
}

impl Bridge<'_> {
    /// alice says something; the event's id.
    ///
    /// # Errors
    /// If the room does not let her.
    pub fn alice_says(&self, text: &str) -> Result<String> {
        self.light.matrix.say(&self.room, &self.alice, text)
    }

    /// carol says something.
    ///
    /// # Errors
    /// If the hub refuses it.
    pub async fn carol_says(&self, text: &str) -> Result<()> {
        let draft = Draft { kind: "text", text, ..Draft::default() };
        self.light.provider.control.send(&self.phone, &self.mimi_room, draft).await.map(|_| ())
    }

    /// What alice has said, as carol's phone has decrypted it, in order.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn heard_by_carol(&self) -> Result<Vec<String>> {
        let messages = self.light.provider.control.messages(&self.phone, &self.mimi_room).await?;
        let is_alices = |message: &Message| message.sender == self.alice_uri;
        Ok(messages.into_iter().filter(is_alices).map(|message| message.text).collect())
    }

    /// What carol's ghost has said, as it stands in alice's room, in order.
    pub fn heard_by_alice(&self) -> Vec<String> {
        let events = self.light.matrix.timeline(&self.room);
        let by_carol = events.iter().filter(|event| event.sender() == self.carol_ghost && event.kind() == "m.room.message");
        by_carol.map(|event| event.body()).collect()
    }

    /// Waits until carol has heard exactly this from alice.
    ///
    /// # Errors
    /// If she does not in time, or hears something else.
    pub async fn carol_hears(&self, texts: &[&str]) -> Result<()> {
        patience::until(format!("carol to hear {texts:?}"), async || {
            let heard = self.heard_by_carol().await?;
            Ok(Look::from_option((heard == texts).then_some(()), || format!("{heard:?}")))
        })
        .await
    }

    /// Waits until alice has heard exactly this from carol.
    ///
    /// # Errors
    /// If she does not in time, or hears something else.
    pub async fn alice_hears(&self, texts: &[&str]) -> Result<()> {
        patience::until(format!("alice to hear {texts:?}"), async || {
            let heard = self.heard_by_alice();
            Ok(Look::from_option((heard == texts).then_some(()), || format!("{heard:?}")))
        })
        .await
    }
}
