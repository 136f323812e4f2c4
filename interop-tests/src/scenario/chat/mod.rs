//! A bridged conversation, and those who take part in it: `alice.says("…")`, `carol_phone.sees(&hello)`.

mod in_matrix;
mod in_mimi;

use anyhow::{Result, bail, ensure};

use super::people::{Device, MimiUser, Person};
use super::stage::Stage;
use crate::control::Refusal;
use crate::transcript::Side;

/// A conversation: a Matrix room and a MIMI room.
pub struct Chat<'a> {
    /// Where it happens.
    pub stage: &'a Stage<'a>,
    /// The Matrix room.
    pub matrix_room: String,
    /// The MIMI room.
    pub mimi_room: String,
}

/// Somebody on Matrix, in a conversation.
pub struct InMatrix<'a> {
    chat: &'a Chat<'a>,
    /// Who.
    pub person: &'a Person,
}

/// A device of a MIMI user, in a conversation.
pub struct InMimi<'a> {
    chat: &'a Chat<'a>,
    /// Which.
    pub device: Device,
}

impl Chat<'_> {
    /// Somebody on Matrix, in this conversation.
    pub fn matrix<'a>(&'a self, person: &'a Person) -> InMatrix<'a> {
        InMatrix { chat: self, person }
    }

    /// Somebody's phone, in this conversation.
    pub fn phone<'a>(&'a self, user: &MimiUser) -> InMimi<'a> {
        self.device(user, "phone")
    }

    /// A device, in this conversation.
    pub fn device<'a>(&'a self, user: &MimiUser, device: &str) -> InMimi<'a> {
        InMimi { chat: self, device: user.device(device) }
    }

    /// A line of the transcript that is no message, in the epoch in which a device is now.
    ///
    /// # Errors
    /// If the device is not in the room.
    pub async fn note(&self, matrix: &str, mimi: &str, seen_by: &InMimi<'_>) -> Result<()> {
        let epoch = seen_by.view().await?.epoch;
        let transcript = &self.stage.report.transcript;
        let line = transcript.said(self.stage.scenario, Side::Matrix, matrix);
        transcript.seen(line, Side::Mimi, mimi);
        transcript.in_epoch(line, epoch);
        Ok(())
    }
}

/// The refusal with this code that was to be expected.
///
/// # Errors
/// If it was done, or refused for another reason.
pub fn refused_with(code: &str, result: Result<()>) -> Result<()> {
    let Err(error) = result else { bail!("it was not refused") };
    match error.downcast_ref::<Refusal>() {
        Some(refusal) if refusal.code == code => Ok(()),
        _ => Err(error.context(format!("it was refused, but not with `{code}`"))),
    }
}

/// The refusal by a homeserver that was to be expected.
///
/// # Errors
/// If it was done.
pub fn forbidden_by_homeserver(result: Result<()>) -> Result<()> {
    let Err(error) = result else { bail!("it was not refused") };
    ensure!(format!("{error:#}").contains("M_FORBIDDEN"), "it was refused for another reason: {error:#}");
    Ok(())
}
