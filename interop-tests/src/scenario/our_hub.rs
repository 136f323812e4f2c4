//! The gateway is hub: a Matrix room goes out to MIMI.

use anyhow::Result;
use serde_json::json;

use super::chat::{Chat, forbidden_by_homeserver, refused_with};
use super::consent;
use super::people::{MimiUser, Person};
use super::report::Direction::{Both, ToMatrix, ToMimi};
use super::stage::Stage;
use super::talk::Pair;
use crate::patience::{self, Look};

/// Makes a Matrix room. `version` is Synapse's default if none is given.
///
/// # Errors
/// If the homeserver refuses.
pub async fn make_room(stage: &Stage<'_>, owner: &Person, version: Option<&str>) -> Result<(String, String)> {
    let name = stage.unique("Book club");
    let mut options = json!({ "preset": "private_chat", "name": name });
    if let Some(version) = version {
        options["room_version"] = json!(version);
    }
    Ok((owner.client.create_room(&options).await?, name))
}

/// The owner agrees that the gateway reads the room.
///
/// # Errors
/// If the homeserver refuses.
pub async fn opt_in(stage: &Stage<'_>, owner: &Person, room: &str) -> Result<()> {
    let key = ("dev.causeway.bridge", stage.environment.gateway.server_name.as_str());
    owner.client.set_state(room, key, &json!({ "trust_mode": "endpoint" })).await
}

/// Makes a room, opts in, invites the gateway, and brings these MIMI users in.
///
/// # Errors
/// If one of the steps fails.
pub async fn open<'a>(stage: &'a Stage<'a>, owner: &Person, guests: &[&MimiUser], version: Option<&str>) -> Result<Chat<'a>> {
    let (room, name) = make_room(stage, owner, version).await?;
    opt_in(stage, owner, &room).await?;
    let mut chat = Chat { stage, matrix_room: room, mimi_room: String::new() };
    let gateway_user = stage.environment.gateway.own_user();
    owner.client.invite(&chat.matrix_room, &gateway_user).await?;
    stage.must("the gateway joins", ToMimi, async || chat.matrix(owner).sees_membership(&gateway_user, "join").await).await?;
    stage.check("disclosure to Matrix", Both, async || chat.matrix(owner).sees_notice("can read them").await).await;
    for guest in guests {
        owner.client.invite(&chat.matrix_room, &guest.ghost).await?;
        consent::mimi_user_agrees(stage, owner, guest).await?;
        let check = format!("{} is in both rooms", guest.name);
        chat.mimi_room = stage.must(&check, ToMimi, async || arrives(&chat, owner, guest, &name).await).await?;
    }
    if let Some(guest) = guests.first() {
        stage
            .check("disclosure to MIMI", Both, async || chat.phone(guest).sees_words("are Matrix users behind a gateway").await)
            .await;
    }
    Ok(chat)
}

/// The guest's ghost is in the Matrix room, and both its devices are in the MIMI room of this name; its URI.
async fn arrives(chat: &Chat<'_>, owner: &Person, guest: &MimiUser, name: &str) -> Result<String> {
    chat.matrix(owner).sees_membership(&guest.ghost, "join").await?;
    let mut uri = String::new();
    for device in ["phone", "laptop"] {
        let device = guest.device(device);
        uri = patience::until(format!("the room `{name}` at {}", device.label), async || {
            let rooms = guest.control.rooms(&device.id).await?;
            let found = rooms.iter().find(|view| view.name == name).map(|view| view.room.clone());
            Ok(Look::from_option(found, || format!("{rooms:?}")))
        })
        .await?;
    }
    Ok(uri)
}

/// One on each side.
///
/// # Errors
/// If it cannot go on.
pub async fn direct(stage: &Stage<'_>) -> Result<()> {
    let alice = stage.at_hs1("alice").await?;
    let carol = stage.at_a("carol").await?;
    let chat = open(stage, &alice, &[&carol], None).await?;
    let pair = Pair { stage, matrix: chat.matrix(&alice), mimi: chat.phone(&carol) };
    pair.talk().await?;
    second_devices(&chat, &alice, &carol).await;
    let phone = chat.phone(&carol);
    let name = stage.unique("Film club");
    let rename = async || {
        chat.matrix(&alice).renames(&name).await?;
        phone.sees_room("the new name", |view| view.name == name).await
    };
    stage.check("the room is renamed", ToMimi, rename).await;
    stage
        .check("leave", ToMatrix, async || {
            phone.leaves().await?;
            chat.matrix(&alice).sees_membership(&carol.ghost, "leave").await
        })
        .await;
    Ok(())
}

/// A room of an older version: opened, and a word each way.
///
/// # Errors
/// If it cannot go on.
pub async fn of_version(stage: &Stage<'_>, version: &str) -> Result<()> {
    let alice = stage.at_hs1("alice").await?;
    let carol = stage.at_a("carol").await?;
    let chat = open(stage, &alice, &[&carol], Some(version)).await?;
    Pair { stage, matrix: chat.matrix(&alice), mimi: chat.phone(&carol) }.talk().await
}

/// The laptop hears, and a new tablet joins by external commit, hears and speaks.
pub async fn second_devices(chat: &Chat<'_>, person: &Person, user: &MimiUser) {
    let stage = chat.stage;
    let on_matrix = chat.matrix(person);
    let laptop = chat.device(user, "laptop");
    stage.check("all devices hear", ToMimi, async || laptop.sees(&on_matrix.says("Can your laptop read this?").await?).await).await;
    let tablet = chat.device(user, "tablet");
    stage
        .check("a new device joins by external commit", ToMatrix, async || {
            user.control.add_device(&user.user, "tablet").await?;
            tablet.joins().await?;
            laptop.sees_room("the tablet", |view| view.clients.iter().any(|client| client.ends_with("/tablet"))).await?;
            tablet.sees(&on_matrix.says("Can your tablet read this?").await?).await?;
            on_matrix.sees(&tablet.says("It can").await?).await
        })
        .await;
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
    let chat = open(stage, &alice, &[&carol, &frank], None).await?;
    let group = Group { chat: &chat, alice, bob, erin, carol, dan, frank };
    group.matrix_users_come().await?;
    group.everybody_hears().await;
    Pair { stage, matrix: chat.matrix(&group.erin), mimi: chat.phone(&group.frank) }.talk().await?;
    group.mimi_user_comes().await?;
    second_devices(&chat, &group.alice, &group.carol).await;
    group.members_may_not().await;
    group.names().await;
    group.kicks().await;
    group.leaves().await;
    Ok(())
}

impl Group<'_> {
    async fn matrix_users_come(&self) -> Result<()> {
        let stage = self.chat.stage;
        let phone = self.chat.phone(&self.carol);
        for newcomer in [&self.erin, &self.bob] {
            let check = format!("{} joins", newcomer.name);
            let join = async || {
                self.chat.matrix(&self.alice).brings_in(newcomer).await?;
                let view = phone.sees_participant(&stage.puppet(newcomer)).await?;
                self.chat.note(
                    &format!("{} joins", newcomer.name),
                    &format!("{} participants", view.participants.len()),
                    view.epoch,
                );
                Ok(())
            };
            stage.must(&check, ToMimi, join).await?;
        }
        Ok(())
    }

    async fn everybody_hears(&self) {
        let stage = self.chat.stage;
        stage
            .check("everybody hears alice", ToMimi, async || {
                let hello = self.chat.matrix(&self.alice).says("Hello everybody").await?;
                for device in ["phone", "laptop"] {
                    self.chat.device(&self.carol, device).sees(&hello).await?;
                    self.chat.device(&self.frank, device).sees(&hello).await?;
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

    async fn mimi_user_comes(&self) -> Result<()> {
        let join = async || {
            self.chat.phone(&self.carol).adds(&self.dan.uri, "member").await?;
            self.chat.matrix(&self.erin).sees_membership(&self.dan.ghost, "join").await?;
            let view = self.chat.phone(&self.dan).view().await?;
            self.chat.note("dan is in the room", "carol/phone adds dan", view.epoch);
            self.chat.phone(&self.dan).sees(&self.chat.matrix(&self.bob).says("Welcome, dan").await?).await?;
            self.chat.matrix(&self.bob).sees(&self.chat.phone(&self.dan).says("Thank you").await?).await
        };
        self.chat.stage.must("carol adds dan", ToMatrix, join).await.map(|_| ())
    }

    async fn members_may_not(&self) {
        let stage = self.chat.stage;
        let phone = self.chat.phone(&self.carol);
        let bob = stage.puppet(&self.bob);
        stage.check("a member may not kick", ToMatrix, async || refused_with("notAllowed", phone.kicks(&bob).await)).await;
        stage.check("a member may not rename", ToMatrix, async || refused_with("notAllowed", phone.renames("Mine").await)).await;
        let on_matrix = self.chat.matrix(&self.bob);
        stage
            .check("a member may not kick", ToMimi, async || forbidden_by_homeserver(on_matrix.kicks(&self.frank.ghost).await))
            .await;
        stage.check("a member may not rename", ToMimi, async || forbidden_by_homeserver(on_matrix.renames("Mine").await)).await;
    }

    async fn names(&self) {
        let stage = self.chat.stage;
        let (alice, phone) = (self.chat.matrix(&self.alice), self.chat.phone(&self.carol));
        let first = stage.unique("Film club");
        stage
            .check("the room is renamed", ToMimi, async || {
                alice.renames(&first).await?;
                let view = phone.sees_room("the new name", |view| view.name == first).await?;
                self.chat.note(&format!("alice renames: {first}"), &format!("carol/phone sees: {}", view.name), view.epoch);
                Ok(())
            })
            .await;
        stage
            .check("carol becomes moderator", ToMimi, async || {
                let before = phone.view().await?;
                let role = |view: &crate::control::RoomView| {
                    view.participants.iter().find(|p| p.user_uri == self.carol.uri).map(|p| p.role_index)
                };
                alice.empowers(&self.carol.ghost, 50).await?;
                phone.sees_room("another role", |view| role(view) != role(&before)).await
            })
            .await;
        let second = stage.unique("Tea club");
        stage
            .check("the room is renamed", ToMatrix, async || {
                phone.renames(&second).await?;
                self.chat.matrix(&self.erin).sees_name(&second).await
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
                let view = self.chat.phone(&self.dan).is_removed().await?;
                self.chat.note("alice kicks dan", "dan's devices are removed", view.epoch);
                Ok(())
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
