//! A bridged conversation, and those who take part in it: `alice.says("…")`, `carol_phone.sees(&hello)`.

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use super::people::{Device, MimiUser, Person};
use super::stage::Stage;
use super::utterance::{Ids, Said, Utterance};
use crate::control::{Draft, Message, Refusal, RoomView};
use crate::patience::{self, Look, SILENCE};
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

    /// A line of the transcript that is no message.
    pub fn note(&self, matrix: &str, mimi: &str, epoch: u64) {
        let transcript = &self.stage.report.transcript;
        let line = transcript.said(self.stage.scenario, Side::Matrix, matrix);
        transcript.seen(line, Side::Mimi, mimi);
        transcript.in_epoch(line, epoch);
    }
}

impl InMatrix<'_> {
    fn room(&self) -> &str {
        &self.chat.matrix_room
    }

    fn uttered(&self, event: String, said: Said) -> Utterance {
        let shown = format!("{}: {}", self.person.name, said.shown());
        Utterance {
            ids: Ids { event, message: String::new() },
            line: self.chat.stage.report.transcript.said(self.chat.stage.scenario, Side::Matrix, &shown),
            said,
            matrix_sender: self.person.id().to_owned(),
            mimi_sender: self.chat.stage.puppet(self.person),
        }
    }

    /// Sends a message with this content.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn sends(&self, content: Value, said: Said) -> Result<Utterance> {
        let event = self.person.client.send(self.room(), "m.room.message", &content).await?;
        Ok(self.uttered(event, said))
    }

    /// Sends plain text.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn says(&self, text: &str) -> Result<Utterance> {
        self.sends(json!({ "msgtype": "m.text", "body": text }), Said::Plain(text.to_owned())).await
    }

    /// Sends text with markup; these pieces of markdown have to arrive.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn says_html(&self, (body, html): (&str, &str), markdown: &'static [&'static str]) -> Result<Utterance> {
        let content = json!({ "msgtype": "m.text", "body": body, "format": "org.matrix.custom.html", "formatted_body": html });
        self.sends(content, Said::Formatted { source: html.to_owned(), html: &[], markdown }).await
    }

    /// Answers a message.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn replies(&self, to: &Utterance, text: &str) -> Result<Utterance> {
        let relation = json!({ "m.in_reply_to": { "event_id": to.ids.event } });
        let content = json!({ "msgtype": "m.text", "body": text, "m.relates_to": relation });
        self.sends(content, Said::Reply(text.to_owned(), to.ids.clone())).await
    }

    /// Reacts to a message.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn reacts(&self, to: &Utterance, key: &str) -> Result<Utterance> {
        let relation = json!({ "rel_type": "m.annotation", "event_id": to.ids.event, "key": key });
        let event = self.person.client.send(self.room(), "m.reaction", &json!({ "m.relates_to": relation })).await?;
        Ok(self.uttered(event, Said::Reaction(key.to_owned(), to.ids.clone())))
    }

    /// Edits its own message.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn edits(&self, of: &Utterance, text: &str) -> Result<Utterance> {
        let content = json!({
            "msgtype": "m.text",
            "body": format!("* {text}"),
            "m.new_content": { "msgtype": "m.text", "body": text },
            "m.relates_to": { "rel_type": "m.replace", "event_id": of.ids.event },
        });
        self.sends(content, Said::Edit(text.to_owned(), of.ids.clone())).await
    }

    /// Deletes its own message.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn deletes(&self, of: &Utterance) -> Result<Utterance> {
        let event = self.person.client.redact(self.room(), &of.ids.event).await?;
        Ok(self.uttered(event, Said::Deletion(of.ids.clone())))
    }

    /// Waits until the message is on this client's screen.
    ///
    /// # Errors
    /// If it does not come.
    pub async fn sees(&self, utterance: &Utterance) -> Result<Utterance> {
        let what = format!("`{}`", utterance.said.shown());
        let event = self.person.client.wait_for(self.room(), &what, |event| utterance.matches_event(event)).await?;
        let shown = format!("{} sees: {}", self.person.name, utterance.said.shown());
        self.chat.stage.report.transcript.seen(utterance.line, Side::Matrix, &shown);
        let mut seen = utterance.clone();
        event.id().clone_into(&mut seen.ids.event);
        Ok(seen)
    }

    /// Waits for a notice of the gateway.
    ///
    /// # Errors
    /// If it does not come.
    pub async fn sees_notice(&self, words: &str) -> Result<()> {
        let suffix = format!(":{}", self.chat.stage.environment.gateway.server_name);
        let is_it = |event: &crate::matrix::sync::Event| {
            event.content()["msgtype"] == "m.notice" && event.sender().ends_with(&suffix) && event.body().contains(words)
        };
        let event = self.person.client.wait_for(self.room(), &format!("a notice with `{words}`"), is_it).await?;
        self.chat.stage.report.transcript.said(self.chat.stage.scenario, Side::Matrix, &format!("notice: {}", event.body()));
        Ok(())
    }

    /// Waits until a user's membership is this.
    ///
    /// # Errors
    /// If it does not become so.
    pub async fn sees_membership(&self, user: &str, membership: &str) -> Result<()> {
        let what = format!("{user} to be `{membership}` at {}", self.person.id());
        patience::until(what, async || {
            let content = self.person.client.state(self.room(), ("m.room.member", user)).await?;
            Ok(Look::from_option((content["membership"] == membership).then_some(()), || content.to_string()))
        })
        .await
    }

    /// Waits until the room has this name.
    ///
    /// # Errors
    /// If it does not become so.
    pub async fn sees_name(&self, name: &str) -> Result<()> {
        patience::until(format!("the name `{name}` at {}", self.person.id()), async || {
            let content = self.person.client.state(self.room(), ("m.room.name", "")).await?;
            Ok(Look::from_option((content["name"] == name).then_some(()), || content.to_string()))
        })
        .await
    }

    /// Renames the room.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn renames(&self, name: &str) -> Result<()> {
        self.person.client.set_state(self.room(), ("m.room.name", ""), &json!({ "name": name })).await
    }

    /// Gives a user a power level.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn empowers(&self, user: &str, level: i64) -> Result<()> {
        let mut content = self.person.client.state(self.room(), ("m.room.power_levels", "")).await?;
        content["users"][user] = json!(level);
        self.person.client.set_state(self.room(), ("m.room.power_levels", ""), &content).await
    }

    /// Removes a user.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn kicks(&self, user: &str) -> Result<()> {
        self.person.client.kick(self.room(), user).await
    }

    /// Invites somebody, who joins.
    ///
    /// # Errors
    /// If a homeserver refuses, or the invite does not come.
    pub async fn brings_in(&self, person: &Person) -> Result<()> {
        self.person.client.invite(self.room(), person.id()).await?;
        person.client.wait_for_invite("the invite", |invite| invite.room_id == self.room()).await?;
        person.client.join(self.room()).await
    }

    /// Leaves the room.
    ///
    /// # Errors
    /// If the homeserver refuses.
    pub async fn leaves(&self) -> Result<()> {
        self.person.client.leave(self.room()).await
    }

    /// Nothing with these words comes.
    ///
    /// # Errors
    /// If something does.
    pub async fn sees_nothing_of(&self, words: &str) -> Result<()> {
        tokio::time::sleep(SILENCE).await;
        self.person.client.seen(|seen| {
            let event = seen.room(self.room()).iter().find(|event| event.content().to_string().contains(words));
            ensure!(event.is_none(), "{} has seen it: {}", self.person.name, event.map(|e| e.summary()).unwrap_or_default());
            Ok(())
        })
    }
}

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
        room.ok_or_else(|| anyhow::anyhow!("{} is not in {}", self.device.label, self.room()))
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
