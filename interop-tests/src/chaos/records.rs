//! What both sides' own records have to say after a round.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use causeway_drafts::decode_exact;
use causeway_drafts::mimi_protocol_06::key_material::{ClientKeyMaterialStatus, KeyMaterialResponse};

use super::cast::{Round, until};
use super::homeserver::Homeserver;
use crate::patience::Look;
use crate::scenario::report::Topology;
use crate::trio::Trio;

impl<H: Homeserver> Round<'_, H> {
    /// Waits until both sides have all that was said, in order and once, with the same name and people.
    ///
    /// # Errors
    /// If they do not come to agree.
    pub async fn records_agree(&self) -> Result<()> {
        until("the records of both sides to agree", async || self.check().await.map(Look::Found)).await
    }

    /// The records as they are now.
    ///
    /// # Errors
    /// What is lost, doubled, in another order, or otherwise different.
    pub async fn check(&self) -> Result<()> {
        self.mimi_has_heard("phone").await?;
        self.matrix_has_heard().await?;
        self.names_are_equal().await?;
        self.people_are_equal().await
    }

    /// Waits until carol's phone has heard everything: a device that joins in between would be told of epochs that it was
    /// never in.
    pub(super) async fn mimi_is_quiet(&self) -> Result<()> {
        until("carol's phone to have heard everything", async || {
            self.mimi_has_heard("phone").await?;
            self.names_are_equal().await.map(Look::Found)
        })
        .await
    }

    fn expected(&self, uri: &str) -> Vec<String> {
        self.said.borrow().get(uri).cloned().unwrap_or_default()
    }

    /// Every message that a device has decrypted: message ids differ, and each sender's texts are as said.
    async fn mimi_has_heard(&self, device: &str) -> Result<()> {
        let device = format!("{}/{device}", self.carol);
        let messages = self.trio.provider.control.messages(&device, &self.mimi_room).await?;
        let ids: BTreeSet<&str> = messages.iter().map(|message| message.message_id.as_str()).collect();
        for user in [&self.alice, &self.bob] {
            let uri = self.puppet(user);
            let heard: Vec<&str> =
                messages.iter().filter(|m| m.sender == uri && m.text.starts_with(user.as_str())).map(|m| m.text.as_str()).collect();
            same(&format!("{device} of {user}"), &self.expected(&uri), &heard)?;
        }
        ensure!(ids.len() == messages.len(), "{device} has heard {} messages, but {} ids", messages.len(), ids.len());
        Ok(())
    }

    /// Everything that carol's ghost has said, as alice has seen it come in.
    async fn matrix_has_heard(&self) -> Result<()> {
        let heard = self.trio.matrix.heard(&self.room, &self.alice, &self.ghost()).await?;
        same(&format!("{} of carol", self.alice), &self.expected(&self.carol_uri), &heard)
    }

    /// The same, as she finds it who scrolls back. (bob may not read what was said on a branch of the room's graph that
    /// does not know of him.)
    async fn matrix_remembers(&self) -> Result<()> {
        let heard = self.trio.matrix.history(&self.room, &self.alice, &self.ghost()).await?;
        same(&format!("{} of carol, scrolling back,", self.alice), &self.expected(&self.carol_uri), &heard)
    }

    async fn names_are_equal(&self) -> Result<()> {
        let name = self.name.borrow().clone();
        let view = self.view().await?;
        let on_matrix = self.name_on_matrix().await?;
        ensure!(view.active, "carol's phone is out of the room");
        ensure!(on_matrix == name && view.name == name, "named `{name}`, but {on_matrix} on Matrix and `{}` on MIMI", view.name);
        Ok(())
    }

    async fn people_are_equal(&self) -> Result<()> {
        let on_mimi: BTreeSet<String> =
            self.view().await?.participants.into_iter().map(|participant| participant.user_uri).collect();
        let mut expected = BTreeSet::from([self.carol_uri.clone(), self.puppet(&self.alice), self.puppet(&self.bob)]);
        if self.topology == Topology::OurHub {
            expected.insert(format!("mimi://{}/u/_causeway", self.trio.gateway.domain));
        }
        ensure!(on_mimi == expected, "participants on MIMI: {on_mimi:?}, not {expected:?}");
        for user in [&self.alice, &self.bob, &self.ghost(), &self.trio.gateway.own_user()] {
            let membership = self.membership(user).await?;
            ensure!(membership == "join", "{user} on Matrix: {membership}");
        }
        Ok(())
    }
}

fn same(what: &str, expected: &[String], heard: &[impl AsRef<str>]) -> Result<()> {
    let heard: Vec<&str> = heard.iter().map(AsRef::as_ref).collect();
    ensure!(heard == expected, "{what}: {heard:?}\nbut said was {expected:?}");
    Ok(())
}

/// What has to hold of an environment after all its rounds.
pub struct Audit<'a, H>(pub &'a Trio<H>);

impl<H: Homeserver> Audit<'_, H> {
    /// Looks at everything that the peers have noted since they began.
    ///
    /// # Errors
    /// What does not hold.
    pub async fn run(&self, rounds: &[Round<'_, H>]) -> Result<()> {
        for round in rounds {
            let what = || format!("afterwards, {:?} with users *{}", round.topology, round.tag);
            round.check().await.with_context(what)?;
            round.matrix_remembers().await.with_context(what)?;
        }
        self.nothing_was_unusable().await?;
        self.0.matrix.audit()?;
        self.no_key_package_was_given_twice()
    }

    /// Every device of the provider opens every message with openmls, which deletes the key of a generation when it has
    /// used it. Had the gateway sealed two messages under one generation, the second would not open at a device, and
    /// the provider would have noted that. (Sender data is encrypted: nobody but a member could count generations, and
    /// openmls does not tell members which one a message had.) Exactly the same message twice is no second use.
    /// Epochs that cross on their way are everyday.
    async fn nothing_was_unusable(&self) -> Result<()> {
        let refusals = self.0.provider.control.refusals().await?;
        let unexpected: Vec<_> = refusals.iter().filter(|refused| refused.code != "wrongEpoch").collect();
        ensure!(unexpected.is_empty(), "the provider has refused, or could not use: {unexpected:#?}");
        Ok(())
    }

    fn no_key_package_was_given_twice(&self) -> Result<()> {
        let mut seen = BTreeSet::new();
        let answers = self.0.to_gateway.passed().into_iter().filter(|passed| passed.path.contains("keyMaterial"));
        for answer in answers.filter(|answer| answer.status.is_some_and(|status| status.is_success())) {
            let response: KeyMaterialResponse = decode_exact(&answer.answer)?;
            for client in &response.clients {
                let ClientKeyMaterialStatus::Success(key_package) = &client.status else { continue };
                ensure!(seen.insert(key_package.bytes().to_vec()), "a KeyPackage of {:?} was given twice", client.client_uri);
            }
        }
        Ok(())
    }
}
