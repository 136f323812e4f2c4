//! A MIMI provider is hub: a MIMI room comes in, and the gateway mirrors it.

use anyhow::{Result, ensure};

use super::chat::{Chat, forbidden_by_homeserver, refused_with};
use super::consent;
use super::our_hub::second_devices;
use super::people::{MimiUser, Person};
use super::report::Direction::{Both, ToMatrix, ToMimi};
use super::stage::Stage;
use super::talk::Pair;

/// Makes a MIMI room with somebody on Matrix in it, who has agreed before.
///
/// # Errors
/// If one of the steps fails.
pub async fn open<'a>(stage: &'a Stage<'a>, owner: &MimiUser, guest: &Person, role: &str) -> Result<Chat<'a>> {
    consent::person_agrees(stage, owner, guest).await?;
    let name = stage.unique("Garden");
    let room = owner.control.create_room(&owner.device("phone").id, &stage.unique("garden"), &name).await?;
    let mut chat = Chat { stage, matrix_room: String::new(), mimi_room: room };
    chat.phone(owner).adds(&stage.puppet(guest), role).await?;
    let check = format!("{} is invited to a mirror room", guest.name);
    chat.matrix_room = stage.must(&check, ToMatrix, async || enters(&chat, guest, &name).await).await?;
    stage.check("disclosure to Matrix", Both, async || chat.matrix(guest).sees_notice("can read them").await).await;
    stage.check("disclosure to MIMI", Both, async || chat.phone(owner).sees_words("are Matrix users behind a gateway").await).await;
    Ok(chat)
}

/// The guest is invited to the room of this name, and joins; its id.
async fn enters(chat: &Chat<'_>, guest: &Person, name: &str) -> Result<String> {
    let invite =
        guest.client.wait_for_invite(&format!("an invite to `{name}`"), |i| i.state("m.room.name", "name") == name).await?;
    guest.client.join(&invite.room_id).await?;
    let what = format!("its own join of the mirror of {}", chat.mimi_room);
    guest.client.wait_for(&invite.room_id, &what, |event| event.membership_of(guest.id()) == Some("join")).await?;
    Ok(invite.room_id)
}

/// One on each side.
///
/// # Errors
/// If it cannot go on.
pub async fn direct(stage: &Stage<'_>) -> Result<()> {
    let alice = stage.at_hs1("alice").await?;
    let carol = stage.at_a("carol").await?;
    let chat = open(stage, &carol, &alice, "member").await?;
    Pair { stage, matrix: chat.matrix(&alice), mimi: chat.phone(&carol) }.talk().await?;
    second_devices(&chat, &alice, &carol).await;
    let name = stage.unique("Orchard");
    let rename = async || {
        chat.phone(&carol).renames(&name).await?;
        chat.matrix(&alice).sees_name(&name).await
    };
    stage.check("the room is renamed", ToMatrix, rename).await;
    stage
        .check("leave", ToMimi, async || {
            chat.matrix(&alice).leaves().await?;
            chat.phone(&carol).sees_no_participant(&stage.puppet(&alice)).await
        })
        .await;
    Ok(())
}

/// Three on Matrix (two homeservers), three on MIMI (two providers).
struct Group<'a> {
    chat: &'a Chat<'a>,
    alice: Person,
    bob: Person,
    erin: Person,
    carol: MimiUser,
    dan: MimiUser,
    frank: MimiUser,
}

/// Several on each side, who come, go and are sent away.
///
/// # Errors
/// If it cannot go on.
pub async fn group(stage: &Stage<'_>) -> Result<()> {
    let (alice, bob, erin) = (stage.at_hs1("alice").await?, stage.at_hs1("bob").await?, stage.at_hs2("erin").await?);
    let (carol, dan, frank) = (stage.at_a("carol").await?, stage.at_a("dan").await?, stage.at_b("frank").await?);
    let chat = open(stage, &carol, &alice, "admin").await?;
    let group = Group { chat: &chat, alice, bob, erin, carol, dan, frank };
    group.mimi_users_come().await?;
    group.matrix_users_come().await?;
    group.everybody_hears().await;
    Pair { stage, matrix: chat.matrix(&group.erin), mimi: chat.phone(&group.frank) }.talk().await?;
    second_devices(&chat, &group.alice, &group.frank).await;
    group.members_may_not().await;
    group.names().await;
    group.refused_by_hub().await;
    group.kicks().await;
    group.leaves().await;
    Ok(())
}

impl Group<'_> {
    async fn mimi_users_come(&self) -> Result<()> {
        consent::between_providers(&self.carol, &self.frank).await?;
        for user in [&self.dan, &self.frank] {
            let join = async || {
                self.chat.phone(&self.carol).adds(&user.uri, "member").await?;
                self.chat.matrix(&self.alice).sees_membership(&user.ghost, "join").await?;
                let view = self.chat.phone(user).view().await?;
                self.chat.note(&format!("{} is in the room", user.name), &format!("carol/phone adds {}", user.name), view.epoch);
                Ok(())
            };
            self.chat.stage.must(&format!("carol adds {}", user.name), ToMatrix, join).await?;
        }
        Ok(())
    }

    async fn matrix_users_come(&self) -> Result<()> {
        let stage = self.chat.stage;
        for person in [&self.erin, &self.bob] {
            consent::person_agrees(stage, &self.carol, person).await?;
        }
        let join = async || {
            self.chat.phone(&self.carol).adds(&stage.puppet(&self.erin), "moderator").await?;
            let invited = |invite: &crate::matrix::sync::Invite| invite.room_id == self.chat.matrix_room;
            self.erin.client.wait_for_invite("an invite to the mirror room", invited).await?;
            self.erin.client.join(&self.chat.matrix_room).await
        };
        stage.must("carol adds erin", ToMatrix, join).await?;
        let join = async || {
            self.chat.matrix(&self.alice).brings_in(&self.bob).await?;
            let view = self.chat.phone(&self.carol).sees_participant(&stage.puppet(&self.bob)).await?;
            self.chat.note("alice brings bob in", &format!("{} participants", view.participants.len()), view.epoch);
            Ok(())
        };
        stage.must("alice brings bob in", ToMimi, join).await
    }

    async fn everybody_hears(&self) {
        let stage = self.chat.stage;
        stage
            .check("everybody hears bob", ToMimi, async || {
                let hello = self.chat.matrix(&self.bob).says("Hello everybody").await?;
                for device in ["phone", "laptop"] {
                    for user in [&self.carol, &self.dan, &self.frank] {
                        self.chat.device(user, device).sees(&hello).await?;
                    }
                }
                self.chat.matrix(&self.erin).sees(&hello).await
            })
            .await;
        stage
            .check("everybody hears frank", ToMatrix, async || {
                let hello = self.chat.phone(&self.frank).says("Hello from b.test").await?;
                for person in [&self.alice, &self.bob, &self.erin] {
                    self.chat.matrix(person).sees(&hello).await?;
                }
                self.chat.phone(&self.carol).sees(&hello).await
            })
            .await;
    }

    async fn members_may_not(&self) {
        let stage = self.chat.stage;
        let phone = self.chat.phone(&self.frank);
        let bob = stage.puppet(&self.bob);
        stage.check("a member may not kick", ToMatrix, async || refused_with("notAllowed", phone.kicks(&bob).await)).await;
        stage.check("a member may not rename", ToMatrix, async || refused_with("notAllowed", phone.renames("Mine").await)).await;
        let on_matrix = self.chat.matrix(&self.bob);
        stage
            .check("a member may not kick", ToMimi, async || forbidden_by_homeserver(on_matrix.kicks(&self.dan.ghost).await))
            .await;
        stage.check("a member may not rename", ToMimi, async || forbidden_by_homeserver(on_matrix.renames("Mine").await)).await;
    }

    async fn names(&self) {
        let stage = self.chat.stage;
        let first = stage.unique("Orchard");
        stage
            .check("the room is renamed", ToMatrix, async || {
                self.chat.phone(&self.carol).renames(&first).await?;
                self.chat.matrix(&self.erin).sees_name(&first).await?;
                let view = self.chat.phone(&self.carol).view().await?;
                self.chat.note(&format!("erin sees: {first}"), &format!("carol/phone renames: {first}"), view.epoch);
                Ok(())
            })
            .await;
        let second = stage.unique("Meadow");
        stage
            .check("the room is renamed", ToMimi, async || {
                self.chat.matrix(&self.alice).renames(&second).await?;
                self.chat.phone(&self.frank).sees_room("the new name", |view| view.name == second).await
            })
            .await;
    }

    /// Matrix lets a moderator rename, the hub does not: what it refuses is undone, with a notice.
    async fn refused_by_hub(&self) {
        let stage = self.chat.stage;
        let erin = self.chat.matrix(&self.erin);
        let name = stage.unique("Meadow");
        stage
            .check("what the hub refuses is undone", ToMimi, async || {
                erin.sees_name(&name).await?;
                erin.renames("Mine").await?;
                erin.sees_notice("It has been undone here").await?;
                erin.sees_name(&name).await?;
                let view = self.chat.phone(&self.carol).view().await?;
                ensure!(view.name == name, "carol sees the name `{}`", view.name);
                Ok(())
            })
            .await;
    }

    async fn kicks(&self) {
        let stage = self.chat.stage;
        stage
            .check("kick", ToMatrix, async || {
                self.chat.phone(&self.carol).kicks(&stage.puppet(&self.bob)).await?;
                self.chat.matrix(&self.alice).sees_membership(self.bob.id(), "leave").await
            })
            .await;
        stage
            .check("kick", ToMimi, async || {
                self.chat.matrix(&self.alice).kicks(&self.dan.ghost).await?;
                self.chat.phone(&self.carol).sees_no_participant(&self.dan.uri).await?;
                self.chat.phone(&self.dan).is_removed().await
            })
            .await;
    }

    async fn leaves(&self) {
        let stage = self.chat.stage;
        stage
            .check("leave", ToMatrix, async || {
                self.chat.phone(&self.frank).leaves().await?;
                self.chat.matrix(&self.erin).sees_membership(&self.frank.ghost, "leave").await
            })
            .await;
        stage
            .check("leave", ToMimi, async || {
                self.chat.matrix(&self.erin).leaves().await?;
                self.chat.phone(&self.carol).sees_no_participant(&stage.puppet(&self.erin)).await
            })
            .await;
        let pair = Pair { stage, matrix: self.chat.matrix(&self.alice), mimi: self.chat.phone(&self.carol) };
        stage.check("the others still talk", Both, async || pair.greet().await).await;
    }
}
