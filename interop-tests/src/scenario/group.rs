//! Three on Matrix (two homeservers) and three on MIMI (two providers): what is the same whoever is hub.

use anyhow::Result;

use super::chat::{Chat, forbidden_by_homeserver, refused_with};
use super::people::{MimiUser, Person};
use super::report::Direction::{Both, ToMatrix, ToMimi};
use super::stage::Stage;
use super::talk::Pair;

/// The people.
pub struct People {
    /// At the first homeserver.
    pub alice: Person,
    /// At the first homeserver.
    pub bob: Person,
    /// At the second homeserver.
    pub erin: Person,
    /// At the first provider.
    pub carol: MimiUser,
    /// At the first provider.
    pub dan: MimiUser,
    /// At the second provider.
    pub frank: MimiUser,
}

/// The people in their conversation.
pub struct Group<'a> {
    /// Where.
    pub chat: &'a Chat<'a>,
    /// Who.
    pub people: &'a People,
}

impl People {
    /// Registers them.
    ///
    /// # Errors
    /// If a homeserver or a provider refuses.
    pub async fn gather(stage: &Stage<'_>) -> Result<Self> {
        Ok(Self {
            alice: stage.at_hs1("alice").await?,
            bob: stage.at_hs1("bob").await?,
            erin: stage.at_hs2("erin").await?,
            carol: stage.at_a("carol").await?,
            dan: stage.at_a("dan").await?,
            frank: stage.at_b("frank").await?,
        })
    }
}

impl Group<'_> {
    /// What bob says reaches all devices of the listeners, what frank says reaches all on Matrix.
    pub async fn everybody_hears(&self, listeners: &[&MimiUser]) {
        let People { alice, bob, erin, carol, frank, .. } = self.people;
        let bob_is_heard = async || {
            let hello = self.chat.matrix(bob).says("Hello everybody").await?;
            for listener in listeners {
                self.chat.phone(listener).sees(&hello).await?;
                self.chat.device(listener, "laptop").sees(&hello).await?;
            }
            self.chat.matrix(erin).sees(&hello).await
        };
        self.chat.stage.check("everybody hears bob", ToMimi, bob_is_heard).await;
        let frank_is_heard = async || {
            let hello = self.chat.phone(frank).says("Hello from b.test").await?;
            for person in [alice, bob, erin] {
                self.chat.matrix(person).sees(&hello).await?;
            }
            self.chat.phone(carol).sees(&hello).await
        };
        self.chat.stage.check("everybody hears frank", ToMatrix, frank_is_heard).await;
    }

    /// Neither a member on MIMI nor bob on Matrix may send somebody away, or rename.
    pub async fn members_may_not(&self, member: &MimiUser, other: &MimiUser) {
        let stage = self.chat.stage;
        let (phone, bob) = (self.chat.phone(member), self.chat.matrix(&self.people.bob));
        let victim = stage.puppet(&self.people.bob);
        stage.check("a member may not kick", ToMatrix, async || refused_with("notAllowed", phone.kicks(&victim).await)).await;
        stage.check("a member may not rename", ToMatrix, async || refused_with("notAllowed", phone.renames("Mine").await)).await;
        stage.check("a member may not kick", ToMimi, async || forbidden_by_homeserver(bob.kicks(&other.ghost).await)).await;
        stage.check("a member may not rename", ToMimi, async || forbidden_by_homeserver(bob.renames("Mine").await)).await;
    }

    /// Carol sends bob away, alice sends dan away.
    pub async fn kicks(&self) {
        let stage = self.chat.stage;
        let People { alice, bob, carol, dan, .. } = self.people;
        let (alice, phone) = (self.chat.matrix(alice), self.chat.phone(carol));
        let from_mimi = async || {
            phone.kicks(&stage.puppet(bob)).await?;
            alice.sees_membership(bob.id(), "leave").await?;
            self.chat.note("alice sees: bob is gone", "carol/phone kicks bob", &phone).await
        };
        stage.check("kick", ToMatrix, from_mimi).await;
        let from_matrix = async || {
            alice.kicks(&dan.ghost).await?;
            phone.sees_no_participant(&dan.uri).await?;
            self.chat.phone(dan).is_removed().await?;
            self.chat.note("alice kicks dan", "dan's devices are removed", &phone).await
        };
        stage.check("kick", ToMimi, from_matrix).await;
    }

    /// Frank and erin leave; the others still talk.
    pub async fn leaves(&self) {
        let stage = self.chat.stage;
        let People { alice, erin, carol, frank, .. } = self.people;
        let phone = self.chat.phone(carol);
        let from_mimi = async || {
            self.chat.phone(frank).leaves().await?;
            self.chat.matrix(erin).sees_membership(&frank.ghost, "leave").await?;
            self.chat.note("erin sees: frank is gone", "frank/phone leaves", &phone).await
        };
        stage.check("leave", ToMatrix, from_mimi).await;
        let from_matrix = async || {
            self.chat.matrix(erin).leaves().await?;
            phone.sees_no_participant(&stage.puppet(erin)).await?;
            self.chat.note("erin leaves", "carol/phone sees: erin is gone", &phone).await
        };
        stage.check("leave", ToMimi, from_matrix).await;
        let pair = Pair { stage, matrix: self.chat.matrix(alice), mimi: self.chat.phone(carol) };
        stage.check("the others still talk", Both, async || pair.greet().await).await;
    }
}
