//! What somebody on Matrix does and sees in a conversation.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::InMatrix;
use crate::matrix::sync::Event;
use crate::patience::{self, Look, SILENCE};
use crate::scenario::people::Person;
use crate::scenario::utterance::{Ids, Said, Utterance};
use crate::transcript::Side;

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
        let is_it = |event: &Event| {
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
