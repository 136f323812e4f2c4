//! The gateway crashes, or a homeserver ends, while people talk, and comes back: nothing is lost, nothing is said twice.

use anyhow::{Result, ensure};

use super::chat::Chat;
use super::people::{MimiUser, Person};
use super::report::Direction::{Both, ToMatrix, ToMimi};
use super::stage::Stage;
use super::talk::Pair;
use super::{foreign_hub, our_hub};
use crate::matrix::sync::Seen;
use crate::patience::{self, Look};

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

/// So many words are more than a homeserver sends of a gap at once.
const MANY: usize = 30;

/// alice speaks to a gateway that is away, carol to a homeserver that is away; then both come back.
///
/// # Errors
/// If it cannot go on.
pub async fn homeserver(stage: &Stage<'_>) -> Result<()> {
    let alice = stage.at_hs1("alice").await?;
    let carol = stage.at_a("carol").await?;
    let chat = foreign_hub::open(stage, &carol, &alice, "member").await?;
    let (gateway, homeserver) = (&stage.environment.gateway, &stage.environment.hs1);
    Pair { stage, matrix: chat.matrix(&alice), mimi: chat.phone(&carol) }.greet().await?;
    let (alices, carols) = (words("alice"), words("carol"));
    gateway.crash()?;
    for text in &alices {
        chat.matrix(&alice).says(text).await?;
    }
    homeserver.stop()?;
    gateway.start_again().await?;
    for text in &carols {
        chat.phone(&carol).says(text).await?;
    }
    homeserver.start_again().await?;
    let phone = chat.phone(&carol);
    let at_carols = async || {
        let messages = phone.messages().await?;
        Ok(messages.into_iter().map(|message| message.text).filter(|text| text.starts_with("alice ")).collect())
    };
    stage.check("a full queue arrives, in order", ToMimi, async || hears(&alices, at_carols).await).await;
    let at_alices = async || {
        let bodies = |seen: &Seen| {
            let bodies = seen.room(&chat.matrix_room).iter().map(|event| event.body().to_owned());
            bodies.filter(|body| body.starts_with("carol ")).collect()
        };
        Ok(alice.client.seen(bodies))
    };
    stage.check("a full queue arrives, in order", ToMatrix, async || hears(&carols, at_alices).await).await;
    Pair { stage, matrix: chat.matrix(&alice), mimi: chat.phone(&carol) }.greet().await
}

fn words(who: &str) -> Vec<String> {
    (1..=MANY).map(|number| format!("{who} {number}")).collect()
}

/// Waits until exactly this has come.
async fn hears(said: &[String], heard: impl AsyncFn() -> Result<Vec<String>>) -> Result<()> {
    patience::until(format!("{said:?}"), async || {
        let heard = heard().await?;
        Ok(Look::from_option((heard == said).then_some(()), || format!("{heard:?}")))
    })
    .await
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
