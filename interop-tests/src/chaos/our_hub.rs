//! A Matrix room goes out: the gateway is hub.

use anyhow::Result;
use serde_json::json;

use super::cast::{LIMIT, Round, again, until};
use super::homeserver::Homeserver;
use crate::patience::Look;
use crate::scenario::consent;

impl<H: Homeserver> Round<'_, H> {
    pub(super) async fn our_hub(&mut self) -> Result<()> {
        self.alice_opens_a_room().await?;
        self.carol_is_brought_in().await?;
        self.everybody_talks(&[&self.alice], 3).await?;
        self.bob_comes().await?;
        self.everybody_talks(&[&self.alice, &self.bob], 2).await?;
        self.renames(&self.alice, &format!("Renamed {}", self.tag)).await?;
        self.mimi_is_quiet().await?;
        self.laptop_joins().await?;
        self.everybody_talks(&[&self.alice, &self.bob], 3).await?;
        self.records_agree().await
    }

    async fn alice_opens_a_room(&mut self) -> Result<()> {
        let (matrix, gateway) = (&self.trio.matrix, &self.trio.gateway);
        self.room = matrix.create_room(&self.alice).await?;
        let opt_in = ("dev.causeway.bridge", gateway.server_name.as_str());
        matrix.set_state(&self.room, &self.alice, opt_in, json!({ "trust_mode": "endpoint" })).await?;
        let name = self.name.borrow().clone();
        matrix.set_state(&self.room, &self.alice, ("m.room.name", ""), json!({ "name": name })).await?;
        let own = gateway.own_user();
        again("the gateway to take its invite", async || matrix.invite(&self.room, &self.alice, &own).await).await?;
        self.has_joined(&own).await
    }

    async fn carol_is_brought_in(&mut self) -> Result<()> {
        let (matrix, control, ghost) = (&self.trio.matrix, &self.trio.provider.control, self.ghost());
        again("the gateway to take carol's invite", async || matrix.invite(&self.room, &self.alice, &ghost).await).await?;
        let alice = self.puppet(&self.alice);
        consent::awaits_for(LIMIT, control, (&alice, &self.carol_uri), "requested").await?;
        control.consent("grant", &alice, &self.carol_uri).await?;
        self.has_joined(&ghost).await?;
        self.mimi_room = until("a room at carol's phone", async || Ok(Look::Found(self.view().await?.room))).await?;
        Ok(())
    }

    /// carol's second device joins by an external commit.
    async fn laptop_joins(&self) -> Result<()> {
        let control = &self.trio.provider.control;
        control.add_device(&self.carol, "laptop").await?;
        control.join(&format!("{}/laptop", self.carol), &self.mimi_room).await
    }
}
