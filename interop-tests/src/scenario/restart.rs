//! The gateway crashes while people talk, and comes back: nothing is lost, nothing is said twice.

use anyhow::{Result, ensure};

use super::chat::Chat;
use super::people::{MimiUser, Person};
use super::report::Direction::{Both, ToMatrix, ToMimi};
use super::stage::Stage;
use super::talk::Pair;
use super::{foreign_hub, our_hub};

/// The gateway is hub: while it is away, only the Matrix side can speak.
///
/// # Errors
/// If it cannot go on.
pub async fn our_hub(stage: &Stage<'_>) -> Result<()> {
    let alice = stage.at_hs1("alice").await?;
    let carol = stage.at_a("carol").await?;
    let chat = our_hub::open(stage, &alice, &[&carol], None).await?;
    talk_through_a_crash(&chat, &alice, &carol).await
}

/// The gateway follows: while it is away, both sides speak.
///
/// # Errors
/// If it cannot go on.
pub async fn foreign_hub(stage: &Stage<'_>) -> Result<()> {
    let alice = stage.at_hs1("alice").await?;
    let carol = stage.at_a("carol").await?;
    let chat = foreign_hub::open(stage, &carol, &alice, "member").await?;
    let gateway = &stage.environment.gateway;
    Pair { stage, matrix: chat.matrix(&alice), mimi: chat.phone(&carol) }.greet().await?;
    gateway.crash()?;
    let said = chat.phone(&carol).says("The gateway cannot hear this yet").await;
    gateway.start_again().await?;
    let said = said?;
    stage.check("said while it was away", ToMatrix, async || chat.matrix(&alice).sees(&said).await).await;
    talk_through_a_crash(&chat, &alice, &carol).await
}

async fn talk_through_a_crash(chat: &Chat<'_>, alice: &Person, carol: &MimiUser) -> Result<()> {
    let stage = chat.stage;
    let gateway = &stage.environment.gateway;
    let (alice, phone) = (chat.matrix(alice), chat.phone(carol));
    let before = alice.says("Just before the crash").await?;
    gateway.crash()?;
    let during = alice.says("While the gateway is away").await;
    gateway.start_again().await?;
    let during = during?;
    stage.check("said just before the crash", ToMimi, async || phone.sees(&before).await).await;
    stage.check("said while it was away", ToMimi, async || phone.sees(&during).await).await;
    Pair { stage, matrix: chat.matrix(alice.person), mimi: chat.phone(carol) }.greet().await?;
    let once = async || {
        let messages = phone.messages().await?;
        for said in [&before, &during] {
            let times = messages.iter().filter(|message| said.matches_message(message)).count();
            ensure!(times == 1, "`{}` came {times} times", said.said.shown());
        }
        Ok(())
    };
    stage.check("nothing is said twice", Both, once).await;
    Ok(())
}
