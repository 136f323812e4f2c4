//! Consent, asked and given.

use std::time::Duration;

use anyhow::{Result, bail};

use super::people::{MimiUser, Person};
use super::report::Direction::{ToMatrix, ToMimi};
use super::stage::Stage;
use crate::control::Control;
use crate::matrix::sync::Invite;
use crate::patience::{self, Look, PATIENCE};

/// Waits until a provider knows a consent with this status.
///
/// # Errors
/// If it does not come to know it.
pub async fn awaits(control: &Control, parties: (&str, &str), status: &str) -> Result<()> {
    awaits_for(PATIENCE, control, parties, status).await
}

/// [`awaits`] with another limit.
///
/// # Errors
/// As [`awaits`].
pub async fn awaits_for(limit: Duration, control: &Control, (requester, target): (&str, &str), status: &str) -> Result<()> {
    patience::until_for(limit, format!("the consent of {target} to {requester} to be `{status}`"), async || {
        let consents = control.consents().await?;
        let found =
            consents.iter().any(|consent| consent.requester == requester && consent.target == target && consent.status == status);
        Ok(Look::from_option(found.then_some(()), || format!("{consents:?}")))
    })
    .await
}

/// A MIMI user is asked on behalf of somebody on Matrix, and agrees.
///
/// # Errors
/// If the question does not come, or the answer is refused.
pub async fn mimi_user_agrees(stage: &Stage<'_>, asker: &Person, asked: &MimiUser) -> Result<()> {
    let asker_uri = stage.puppet(asker);
    let check = format!("{} is asked for consent", asked.name);
    stage.must(&check, ToMimi, async || awaits(&asked.control, (&asker_uri, &asked.uri), "requested").await).await?;
    asked.control.consent("grant", &asker_uri, &asked.uri).await
}

/// The room in which somebody on Matrix is asked by a MIMI user.
///
/// # Errors
/// If the invite does not come.
pub async fn question(asker: &MimiUser, asked: &Person) -> Result<Invite> {
    let invite = asked.client.wait_for_invite("a question for consent", |invite| invite.sender == asker.ghost).await?;
    let name = invite.state("m.room.name", "name");
    if !name.contains(&asker.user) {
        bail!("the room does not name who asks: `{name}`");
    }
    Ok(invite)
}

/// Somebody on Matrix is asked by a MIMI user, and agrees by joining.
///
/// # Errors
/// If the question does not come, or the answer does not arrive.
pub async fn person_agrees(stage: &Stage<'_>, asker: &MimiUser, asked: &Person) -> Result<()> {
    let uri = stage.puppet(asked);
    asker.control.consent("request", &asker.uri, &uri).await?;
    let check = format!("{} is asked for consent, in a room that names {}", asked.name, asker.name);
    let invite = stage.must(&check, ToMatrix, async || question(asker, asked).await).await?;
    asked.client.join(&invite.room_id).await?;
    let check = format!("{} agrees by joining", asked.name);
    stage.must(&check, ToMimi, async || awaits(&asker.control, (&asker.uri, &uri), "granted").await).await
}

/// A MIMI user asks a MIMI user of another provider, who agrees. The gateway has no part in it.
///
/// # Errors
/// If a provider refuses.
pub async fn between_providers(asker: &MimiUser, asked: &MimiUser) -> Result<()> {
    asker.control.consent("request", &asker.uri, &asked.uri).await?;
    awaits(&asked.control, (&asker.uri, &asked.uri), "requested").await?;
    asked.control.consent("grant", &asker.uri, &asked.uri).await?;
    awaits(&asker.control, (&asker.uri, &asked.uri), "granted").await
}
