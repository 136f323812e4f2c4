//! A MIMI room comes in: the provider is hub, and the gateway follows.

use anyhow::Result;

use super::cast::{LIMIT, Round, again, until};
use super::homeserver::Homeserver;
use crate::patience::Look;
use crate::scenario::consent;

impl<H: Homeserver> Round<'_, H> {
    pub(super) async fn foreign_hub(&mut self) -> Result<()> {
        self.alice_agrees().await?;
        self.carol_opens_a_room().await?;
        self.everybody_talks(&[&self.alice], 3).await?;
        self.carol_renames(&format!("Renamed by carol {}", self.tag)).await?;
        self.bob_comes().await?;
        self.everybody_talks(&[&self.alice, &self.bob], 2).await?;
        self.name_arrives().await?;
        self.renames(&self.alice, &format!("Renamed {}", self.tag)).await?;
        self.everybody_talks(&[&self.alice, &self.bob], 3).await?;
        self.records_agree().await?;
        self.alice_can_be_added_again().await
    }

    async fn alice_agrees(&self) -> Result<()> {
        let (control, alice) = (&self.trio.provider.control, self.puppet(&self.alice));
        control.consent("request", &self.carol_uri, &alice).await?;
        self.alice_is_invited(&format!("{} (", self.carol)).await?;
        consent::awaits_for(LIMIT, control, (&self.carol_uri, &alice), "granted").await
    }

    async fn carol_opens_a_room(&mut self) -> Result<()> {
        let (control, name) = (&self.trio.provider.control, self.name.borrow().clone());
        self.mimi_room = control.create_room(&self.phone(), &format!("room{}", self.tag), &name).await?;
        control.add(&self.phone(), &self.mimi_room, &self.puppet(&self.alice), "admin").await?;
        self.room = self.alice_is_invited(&name).await?;
        Ok(())
    }

    /// alice is invited to a room whose name begins like this, and joins; its id.
    async fn alice_is_invited(&self, name: &str) -> Result<String> {
        let matrix = &self.trio.matrix;
        let room = until(format!("an invite of {} to `{name}`", self.alice), async || {
            let invites = matrix.invites(&self.alice).await?;
            let found = invites.iter().find(|(_, known)| known.starts_with(name)).map(|(room, _)| room.clone());
            Ok(Look::from_option(found, || format!("{invites:?}")))
        })
        .await?;
        let via = &self.trio.gateway.server_name;
        again("alice's join", async || matrix.join(&room, &self.alice, via).await).await?;
        Ok(room)
    }

    async fn name_arrives(&self) -> Result<()> {
        let name = self.name.borrow().clone();
        until(format!("the name `{name}`"), async || {
            let seen = self.name_on_matrix().await?;
            Ok(Look::from_option((seen == name).then_some(()), || seen))
        })
        .await
    }

    /// The KeyPackages that were lost with an answer are not the last: alice is brought into another room.
    async fn alice_can_be_added_again(&self) -> Result<()> {
        let (control, name) = (&self.trio.provider.control, format!("Again {}", self.tag));
        let room = control.create_room(&self.phone(), &format!("again{}", self.tag), &name).await?;
        control.add(&self.phone(), &room, &self.puppet(&self.alice), "member").await?;
        self.alice_is_invited(&name).await.map(|_| ())
    }
}
