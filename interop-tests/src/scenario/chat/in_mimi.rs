//! What a device of a MIMI user does and sees in a conversation.

use anyhow::{Context, Result, ensure};

use super::InMimi;
use crate::control::{Draft, Message, RoomView};
use crate::patience::{self, Look};
use crate::scenario::utterance::{Ids, Said, Utterance};
use crate::transcript::Side;

impl InMimi<'_> {
    fn room(&self) -> &str {
        &self.chat.mimi_room
    }

    async fn sends(&self, draft: Draft<'_>, said: Said) -> Result<Utterance> {
        let sent = self.device.owner.control.send(&self.device.id, self.room(), draft).await?;
        let transcript = &self.chat.stage.report.transcript;
        let line = transcript.said(self.chat.stage.scenario, Side::Mimi, &format!("{}: {}", self.device.label, said.shown()));
        transcript.in_epoch(line, sent.epoch);
        Ok(Utterance {
            ids: Ids { event: String::new(), message: sent.message_id },
            said,
            matrix_sender: self.device.owner.ghost.clone(),
            mimi_sender: self.device.owner.uri.clone(),
            line,
        })
    }

    /// Sends plain text.
    ///
    /// # Errors
    /// If the hub refuses.
    pub async fn says(&self, text: &str) -> Result<Utterance> {
        self.sends(Draft { kind: "text", text, ..Draft::default() }, Said::Plain(text.to_owned())).await
    }

    /// Sends GFM-MIMI.
    ///
    /// # Errors
    /// If the hub refuses.
    pub async fn says_markdown(&self, text: &str, html: &'static [&'static str]) -> Result<Utterance> {
        let said = Said::Formatted { source: text.to_owned(), html, markdown: &[] };
        self.sends(Draft { kind: "markdown", text, ..Draft::default() }, said).await
    }

    /// Answers a message.
    ///
    /// # Errors
    /// If the hub refuses.
    pub async fn replies(&self, to: &Utterance, text: &str) -> Result<Utterance> {
        let draft = Draft { kind: "text", text, in_reply_to: Some(&to.ids.message), target: None };
        self.sends(draft, Said::Reply(text.to_owned(), to.ids.clone())).await
    }

    /// Reacts to a message.
    ///
    /// # Errors
    /// If the hub refuses.
    pub async fn reacts(&self, to: &Utterance, key: &str) -> Result<Utterance> {
        let draft = Draft { kind: "reaction", text: key, in_reply_to: None, target: Some(&to.ids.message) };
        self.sends(draft, Said::Reaction(key.to_owned(), to.ids.clone())).await
    }

    /// Edits its own message.
    ///
    /// # Errors
    /// If the hub refuses.
    pub async fn edits(&self, of: &Utterance, text: &str) -> Result<Utterance> {
        let draft = Draft { kind: "edit", text, in_reply_to: None, target: Some(&of.ids.message) };
        self.sends(draft, Said::Edit(text.to_owned(), of.ids.clone())).await
    }

    /// Deletes its own message.
    ///
    /// # Errors
    /// If the hub refuses.
    pub async fn deletes(&self, of: &Utterance) -> Result<Utterance> {
        let draft = Draft { kind: "delete", text: "", in_reply_to: None, target: Some(&of.ids.message) };
        self.sends(draft, Said::Deletion(of.ids.clone())).await
    }

    /// What this device has decrypted.
    ///
    /// # Errors
    /// If the provider does not answer.
    pub async fn messages(&self) -> Result<Vec<Message>> {
        self.device.owner.control.messages(&self.device.id, self.room()).await
    }

    async fn awaits_message(&self, what: &str, is_it: impl Fn(&Message) -> bool) -> Result<Message> {
        patience::until(format!("{what} at {}", self.device.label), async || {
            let messages = self.messages().await?;
            let found = messages.iter().find(|message| is_it(message)).cloned();
            Ok(Look::from_option(found, || {
                let newest: Vec<String> = messages.iter().rev().take(3).map(|message| format!("{message:?}")).collect();
                format!("{} messages, the newest: {}", messages.len(), newest.join(" | "))
            }))
        })
        .await
    }

    /// Waits until the message is on this device.
    ///
    /// # Errors
    /// If it does not come.
    pub async fn sees(&self, utterance: &Utterance) -> Result<Utterance> {
        let what = format!("`{}`", utterance.said.shown());
        let message = self.awaits_message(&what, |message| utterance.matches_message(message)).await?;
        let transcript = &self.chat.stage.report.transcript;
        let shown = if message.text.is_empty() { utterance.said.shown() } else { message.text.clone() };
        transcript.seen(utterance.line, Side::Mimi, &format!("{} sees: {shown}", self.device.label));
        transcript.in_epoch(utterance.line, message.epoch);
        let mut seen = utterance.clone();
        seen.ids.message = message.message_id;
        Ok(seen)
    }

    /// Waits for the gateway's words.
    ///
    /// # Errors
    /// If they do not come.
    pub async fn sees_words(&self, words: &str) -> Result<()> {
        let what = format!("a message with `{words}`");
        let message = self.awaits_message(&what, |message| !message.own && message.text.contains(words)).await?;
        let transcript = &self.chat.stage.report.transcript;
        let line = transcript.said(self.chat.stage.scenario, Side::Mimi, &format!("{}: {}", message.sender, message.text));
        transcript.in_epoch(line, message.epoch);
        Ok(())
    }

    /// Whether the hub's Frank of a message that this device saw is what it has to be.
    ///
    /// # Errors
    /// If it is not.
    pub async fn verified_the_frank_of(&self, utterance: &Utterance) -> Result<()> {
        let messages = self.messages().await?;
        let frank =
            messages.iter().find(|message| message.message_id == utterance.ids.message).map(|message| message.frank.as_str());
        ensure!(frank == Some("verified"), "the Frank is {frank:?}");
        Ok(())
    }

    /// The room as this device sees it.
    ///
    /// # Errors
    /// If the device is not in it.
    pub async fn view(&self) -> Result<RoomView> {
        let rooms = self.device.owner.control.rooms(&self.device.id).await?;
        let room = rooms.into_iter().find(|view| view.room == self.room());
        room.with_context(|| format!("{} is not in {}", self.device.label, self.room()))
    }

    /// Waits until the room looks so.
    ///
    /// # Errors
    /// If it does not.
    pub async fn sees_room(&self, what: &str, is_so: impl Fn(&RoomView) -> bool) -> Result<RoomView> {
        patience::until(format!("{what} at {}", self.device.label), async || {
            let view = self.view().await?;
            Ok(Look::from_option(is_so(&view).then(|| view.clone()), || format!("{view:?}")))
        })
        .await
    }

    /// Waits until a user takes part.
    ///
    /// # Errors
    /// If it does not.
    pub async fn sees_participant(&self, uri: &str) -> Result<RoomView> {
        self.sees_room(&format!("{uri} as participant"), |view| view.participants.iter().any(|p| p.user_uri == uri)).await
    }

    /// Waits until a user does not take part any more.
    ///
    /// # Errors
    /// If it still does.
    pub async fn sees_no_participant(&self, uri: &str) -> Result<RoomView> {
        self.sees_room(&format!("{uri} to be gone"), |view| !view.participants.iter().any(|p| p.user_uri == uri)).await
    }

    /// Waits until this device has been removed.
    ///
    /// # Errors
    /// If it has not.
    pub async fn is_removed(&self) -> Result<RoomView> {
        self.sees_room("its own removal", |view| !view.active).await
    }

    /// Adds a user.
    ///
    /// # Errors
    /// If the hub refuses.
    pub async fn adds(&self, user_uri: &str, role: &str) -> Result<()> {
        self.device.owner.control.add(&self.device.id, self.room(), user_uri, role).await
    }

    /// Removes a user.
    ///
    /// # Errors
    /// If the hub refuses.
    pub async fn kicks(&self, user_uri: &str) -> Result<()> {
        self.device.owner.control.remove(&self.device.id, self.room(), user_uri).await
    }

    /// Leaves with all devices.
    ///
    /// # Errors
    /// If the hub refuses.
    pub async fn leaves(&self) -> Result<()> {
        self.device.owner.control.leave(&self.device.id, self.room()).await
    }

    /// Renames the room.
    ///
    /// # Errors
    /// If the hub refuses.
    pub async fn renames(&self, name: &str) -> Result<()> {
        self.device.owner.control.rename(&self.device.id, self.room(), name).await
    }

    /// Joins as a new device.
    ///
    /// # Errors
    /// If the hub refuses.
    pub async fn joins(&self) -> Result<()> {
        self.device.owner.control.join(&self.device.id, self.room()).await
    }
}
