//! A MIMI provider is hub: a MIMI room comes in, and the gateway mirrors it.

use anyhow::{Result, ensure};

use super::chat::Chat;
use super::consent;
use super::group::{Group, People};
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

/// Several on each side, who come, go and are sent away.
///
/// # Errors
/// If it cannot go on.
pub async fn group(stage: &Stage<'_>) -> Result<()> {
    let people = People::gather(stage).await?;
    let People { alice, erin, carol, dan, frank, .. } = &people;
    let chat = open(stage, carol, alice, "admin").await?;
    let group = Group { chat: &chat, people: &people };
    mimi_users_come(&group).await?;
    matrix_users_come(&group).await?;
    group.everybody_hears(&[carol, dan, frank]).await;
    Pair { stage, matrix: chat.matrix(erin), mimi: chat.phone(frank) }.talk().await?;
    second_devices(&chat, alice, frank).await;
    group.members_may_not(frank, dan).await;
    names(&group).await;
    group.kicks().await;
    group.leaves().await;
    Ok(())
}

async fn mimi_users_come(group: &Group<'_>) -> Result<()> {
    let People { alice, carol, dan, frank, .. } = group.people;
    consent::between_providers(carol, frank).await?;
    for user in [dan, frank] {
        let name = user.name;
        let join = async || {
            group.chat.phone(carol).adds(&user.uri, "member").await?;
            group.chat.matrix(alice).sees_membership(&user.ghost, "join").await?;
            let (matrix, mimi) = (format!("alice sees: {name} is there"), format!("carol/phone adds {name}"));
            group.chat.note(&matrix, &mimi, &group.chat.phone(user)).await
        };
        group.chat.stage.must(&format!("carol adds {name}"), ToMatrix, join).await?;
    }
    Ok(())
}

/// Carol adds erin, as moderator; alice, who is admin, brings bob in.
async fn matrix_users_come(group: &Group<'_>) -> Result<()> {
    let stage = group.chat.stage;
    let People { alice, bob, erin, carol, .. } = group.people;
    let phone = group.chat.phone(carol);
    for person in [erin, bob] {
        consent::person_agrees(stage, carol, person).await?;
    }
    let by_carol = async || {
        phone.adds(&stage.puppet(erin), "moderator").await?;
        erin.client.wait_for_invite("an invite to the mirror room", |invite| invite.room_id == group.chat.matrix_room).await?;
        erin.client.join(&group.chat.matrix_room).await?;
        group.chat.note("erin joins", "carol/phone adds erin", &phone).await
    };
    stage.must("carol adds erin", ToMatrix, by_carol).await?;
    let by_alice = async || {
        group.chat.matrix(alice).brings_in(bob).await?;
        phone.sees_participant(&stage.puppet(bob)).await?;
        group.chat.note("alice brings bob in", "carol/phone sees: bob is there", &phone).await
    };
    stage.must("alice brings bob in", ToMimi, by_alice).await
}

async fn names(group: &Group<'_>) {
    let stage = group.chat.stage;
    let People { alice, erin, carol, frank, .. } = group.people;
    let (erin, phone) = (group.chat.matrix(erin), group.chat.phone(carol));
    let first = stage.unique("Orchard");
    let by_carol = async || {
        phone.renames(&first).await?;
        erin.sees_name(&first).await?;
        group.chat.note(&format!("erin sees: {first}"), &format!("carol/phone renames: {first}"), &phone).await
    };
    stage.check("the room is renamed", ToMatrix, by_carol).await;
    let second = stage.unique("Meadow");
    let by_alice = async || {
        group.chat.matrix(alice).renames(&second).await?;
        group.chat.phone(frank).sees_room("the new name", |view| view.name == second).await?;
        group.chat.note(&format!("alice renames: {second}"), &format!("frank/phone sees: {second}"), &phone).await
    };
    stage.check("the room is renamed", ToMimi, by_alice).await;
    // Matrix lets a moderator rename, the hub does not.
    let by_erin = async || {
        erin.sees_name(&second).await?;
        erin.renames("Mine").await?;
        erin.sees_notice("It has been undone here").await?;
        erin.sees_name(&second).await?;
        let view = phone.view().await?;
        ensure!(view.name == second, "carol sees the name `{}`", view.name);
        Ok(())
    };
    stage.check("what the hub refuses is undone", ToMimi, by_erin).await;
}
