//! What must not cross: rooms that nobody opted in, rooms that are encrypted, questions that were declined.

use anyhow::{Result, ensure};
use serde_json::json;

use super::chat::{Chat, refused_with};
use super::our_hub;
use super::report::Direction::{Both, ToMatrix, ToMimi};
use super::stage::Stage;
use super::{consent, talk::Pair};
use crate::patience::SILENCE;

/// A room without the opt-in event stays unbridged, and says so.
///
/// # Errors
/// If it cannot go on.
pub async fn not_opted_in(stage: &Stage<'_>) -> Result<()> {
    let alice = stage.at_hs1("alice").await?;
    let carol = stage.at_a("carol").await?;
    let (room, name) = our_hub::make_room(stage, &alice, None).await?;
    let chat = Chat { stage, matrix_room: room, mimi_room: String::new() };
    alice.client.invite(&chat.matrix_room, &stage.environment.gateway.own_user()).await?;
    stage
        .must("the gateway says how to opt in", Both, async || chat.matrix(&alice).sees_notice("is not bridged yet").await)
        .await?;
    alice.client.invite(&chat.matrix_room, &carol.ghost).await?;
    consent::mimi_user_agrees(stage, &alice, &carol).await?;
    stage
        .check("nothing is bridged", ToMimi, async || {
            chat.matrix(&alice).sees_membership(&carol.ghost, "join").await?;
            chat.matrix(&alice).says("Nobody at a.test may hear this").await?;
            tokio::time::sleep(SILENCE).await;
            let rooms = carol.control.rooms(&carol.device("phone").id).await?;
            ensure!(!rooms.iter().any(|view| view.name == name), "carol is in {rooms:?}");
            Ok(())
        })
        .await;
    Ok(())
}

/// A room that becomes encrypted is paused, and says so; nothing in clear follows.
///
/// # Errors
/// If it cannot go on.
pub async fn becomes_encrypted(stage: &Stage<'_>) -> Result<()> {
    let alice = stage.at_hs1("alice").await?;
    let carol = stage.at_a("carol").await?;
    let chat = our_hub::open(stage, &alice, &[&carol], None).await?;
    Pair { stage, matrix: chat.matrix(&alice), mimi: chat.phone(&carol) }.greet().await?;
    let encryption = json!({ "algorithm": "m.megolm.v1.aes-sha2" });
    alice.client.set_state(&chat.matrix_room, ("m.room.encryption", ""), &encryption).await?;
    stage
        .must("the gateway says that it pauses", Both, async || chat.matrix(&alice).sees_notice("This room is encrypted").await)
        .await?;
    stage
        .check("nothing in clear follows", ToMatrix, async || {
            // Whether the hub takes the message or refuses it is not the point here.
            drop(chat.phone(&carol).says("This must stay on the MIMI side").await);
            chat.matrix(&alice).sees_nothing_of("must stay on the MIMI side").await
        })
        .await;
    stage
        .check("nothing is said to MIMI", ToMimi, async || {
            let before = chat.phone(&carol).messages().await?.len();
            let content = json!({ "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AAAA", "session_id": "none" });
            alice.client.send(&chat.matrix_room, "m.room.encrypted", &content).await?;
            alice.client.say(&chat.matrix_room, "A careless client says this in clear").await?;
            tokio::time::sleep(SILENCE).await;
            let after = chat.phone(&carol).messages().await?;
            ensure!(after.len() == before, "carol has seen {:?}", after.last());
            Ok(())
        })
        .await;
    Ok(())
}

/// A question that is declined stays without an answer, and without KeyPackages.
///
/// # Errors
/// If it cannot go on.
pub async fn consent_declined(stage: &Stage<'_>) -> Result<()> {
    let bob = stage.at_hs1("bob").await?;
    let carol = stage.at_a("carol").await?;
    let target = stage.puppet(&bob);
    carol.control.consent("request", &carol.uri, &target).await?;
    let invite = stage.must("bob is asked for consent", ToMatrix, async || consent::question(&carol, &bob).await).await?;
    bob.client.leave(&invite.room_id).await?;
    stage
        .check("declining is silent", ToMimi, async || {
            tokio::time::sleep(SILENCE).await;
            let consents = carol.control.consents().await?;
            let status = consents.iter().find(|consent| consent.target == target).map(|consent| consent.status.as_str());
            ensure!(status == Some("requested"), "carol's provider knows it as {status:?}");
            Ok(())
        })
        .await;
    stage
        .check("no KeyPackages without consent", ToMatrix, async || {
            let device = carol.device("phone").id;
            let room = carol.control.create_room(&device, &stage.unique("cellar"), &stage.unique("Cellar")).await?;
            refused_with("noConsent", carol.control.add(&device, &room, &target, "member").await)
        })
        .await;
    Ok(())
}
