//! A Matrix room goes out: the gateway is hub.

use anyhow::Result;
use serde_json::json;

use super::cast::{Round, again};
use crate::patience::{self, Look};
use crate::scenario::consent;

impl Round<'_> {
    pub(super) async fn our_hub(&mut self) -> Result<()> {
        self.alice_opens_a_room().await?;
        self.carol_is_brought_in().await?;
        self.everybody_talks(&[&self.alice], 3).await?;
        self.bob_comes()?;
        self.everybody_talks(&[&self.alice, &self.bob], 2).await?;
        self.renames(&self.alice, &format!("Renamed {}", self.tag))?;
        self.mimi_is_quiet().await?;
        self.laptop_joins().await?;
        self.everybody_talks(&[&self.alice, &self.bob], 3).await?;
        self.records_agree().await
    }

    async fn alice_opens_a_room(&mut self) -> Result<()> {
        let (matrix, gateway) = (&self.light.matrix, &self.light.gateway);
        let room = matrix.create_room("12", &self.alice)?;
        let opt_in = ("dev.causeway.bridge", gateway.server_name.as_str());
        matrix.set_state(&room, &self.alice, opt_in, json!({ "trust_mode": "endpoint" }))?;
        let name = self.name.borrow().clone();
        matrix.set_state(&room, &self.alice, ("m.room.name", ""), json!({ "name": name }))?;
        again("the gateway to take its invite", async || matrix.invite(&room, &self.alice, &gateway.own_user()).await).await?;
        matrix.wait_for_membership(&room, &gateway.own_user(), "join").await?;
        self.room = room;
        Ok(())
    }

    async fn carol_is_brought_in(&mut self) -> Result<()> {
        let (matrix, control, ghost) = (&self.light.matrix, &self.light.provider.control, self.ghost());
        again("the gateway to take carol's invite", async || matrix.invite(&self.room, &self.alice, &ghost).await).await?;
        let alice = self.puppet(&self.alice);
        consent::awaits(control, (&alice, &self.carol_uri), "requested").await?;
        control.consent("grant", &alice, &self.carol_uri).await?;
        matrix.wait_for_membership(&self.room, &ghost, "join").await?;
        let room = patience::until("a room at carol's phone", async || Ok(Look::Found(self.view().await?.room))).await?;
        self.mimi_room = room;
        Ok(())
    }

    /// carol's second device joins by an external commit.
    async fn laptop_joins(&self) -> Result<()> {
        let control = &self.light.provider.control;
        control.add_device(&self.carol, "laptop").await?;
        control.join(&format!("{}/laptop", self.carol), &self.mimi_room).await
    }
}
