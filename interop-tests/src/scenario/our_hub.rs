//! The gateway is hub: a Matrix room goes out to MIMI.

use anyhow::Result;
use serde_json::json;

use super::chat::Chat;
use super::consent;
use super::group::{Group, People};
use super::people::{MimiUser, Person};
use super::report::Direction::{Both, ToMatrix, ToMimi};
use super::stage::Stage;
use super::talk::Pair;
use crate::control::RoomView;
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

/// Several on each side, who come, go and are sent away.
///
/// # Errors
/// If it cannot go on.
pub async fn group(stage: &Stage<'_>) -> Result<()> {
    let people = People::gather(stage).await?;
    let People { alice, erin, carol, frank, .. } = &people;
    let chat = open(stage, alice, &[carol, frank], None).await?;
    let group = Group { chat: &chat, people: &people };
    matrix_users_come(&group).await?;
    group.everybody_hears(&[carol, frank]).await;
    Pair { stage, matrix: chat.matrix(erin), mimi: chat.phone(frank) }.talk().await?;
    mimi_user_comes(&group).await?;
    second_devices(&chat, alice, carol).await;
    group.members_may_not(carol, frank).await;
    names(&group).await;
    group.kicks().await;
    group.leaves().await;
    Ok(())
}

async fn matrix_users_come(group: &Group<'_>) -> Result<()> {
    let stage = group.chat.stage;
    let phone = group.chat.phone(&group.people.carol);
    for newcomer in [&group.people.erin, &group.people.bob] {
        let join = async || {
            group.chat.matrix(&group.people.alice).brings_in(newcomer).await?;
            phone.sees_participant(&stage.puppet(newcomer)).await?;
            let name = newcomer.name;
            group.chat.note(&format!("{name} joins"), &format!("carol/phone sees: {name} is there"), &phone).await
        };
        stage.must(&format!("{} joins", newcomer.name), ToMimi, join).await?;
    }
    Ok(())
}

async fn mimi_user_comes(group: &Group<'_>) -> Result<()> {
    let People { bob, erin, carol, dan, .. } = group.people;
    let (bob, dans_phone) = (group.chat.matrix(bob), group.chat.phone(dan));
    let join = async || {
        group.chat.phone(carol).adds(&dan.uri, "member").await?;
        group.chat.matrix(erin).sees_membership(&dan.ghost, "join").await?;
        group.chat.note("erin sees: dan is there", "carol/phone adds dan", &dans_phone).await?;
        dans_phone.sees(&bob.says("Welcome, dan").await?).await?;
        bob.sees(&dans_phone.says("Thank you").await?).await
    };
    group.chat.stage.must("carol adds dan", ToMatrix, join).await.map(|_| ())
}

/// Alice renames; carol may do so once alice has made her a moderator.
async fn names(group: &Group<'_>) {
    let stage = group.chat.stage;
    let (alice, phone) = (group.chat.matrix(&group.people.alice), group.chat.phone(&group.people.carol));
    let carol = &group.people.carol;
    let first = stage.unique("Film club");
    let by_alice = async || {
        alice.renames(&first).await?;
        phone.sees_room("the new name", |view| view.name == first).await?;
        group.chat.note(&format!("alice renames: {first}"), &format!("carol/phone sees: {first}"), &phone).await
    };
    stage.check("the room is renamed", ToMimi, by_alice).await;
    let role = |view: &RoomView| view.participants.iter().find(|p| p.user_uri == carol.uri).map(|p| p.role_index);
    let promotion = async || {
        let before = role(&phone.view().await?);
        alice.empowers(&carol.ghost, 50).await?;
        phone.sees_room("another role", |view| role(view) != before).await?;
        group.chat.note("alice makes carol a moderator", "carol/phone sees: another role", &phone).await
    };
    stage.check("carol becomes moderator", ToMimi, promotion).await;
    let second = stage.unique("Tea club");
    let by_carol = async || {
        phone.renames(&second).await?;
        group.chat.matrix(&group.people.erin).sees_name(&second).await?;
        group.chat.note(&format!("erin sees: {second}"), &format!("carol/phone renames: {second}"), &phone).await
    };
    stage.check("the room is renamed", ToMatrix, by_carol).await;
}
