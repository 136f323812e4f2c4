//! From MIMI to Matrix.

use causeway_drafts::mimi_content_09::{Disposition, MimiContent, NestedPart, PartBody, PartSemantics};
use serde_json::{Map, Value, json};

use super::{Links, MAX_TEXT_OCTETS, MatrixDraft, Translation, gfm_to_html, html_to_gfm, one_line};
use crate::loss::{Feature, Loss};

/// Translates a message; it may become several events, or none.
pub fn mimi_to_matrix(content: &MimiContent, links: &dyn Links) -> Translation<Vec<MatrixDraft>> {
    let mut translator = Translator { content, links, losses: Vec::new() };
    if content.expires.is_some() {
        translator.lose(Feature::Expiration, "Matrix has no lifetime of messages");
    }
    let value = match (&content.nested_part.body, content.replaces) {
        (PartBody::Null, Some(_)) => translator.retraction(),
        // C-017: a NullPart that replaces nothing means nothing.
        (PartBody::Null, None) => Vec::new(),
        _ => translator.part(&content.nested_part),
    };
    Translation { value, losses: translator.losses }
}

struct Translator<'a> {
    content: &'a MimiContent,
    links: &'a dyn Links,
    losses: Vec<Loss>,
}

impl Translator<'_> {
    fn lose(&mut self, feature: Feature, detail: &str) {
        self.losses.push(Loss::new(feature, detail));
    }

    fn retraction(&mut self) -> Vec<MatrixDraft> {
        let targets = self.content.replaces.map(|id| self.links.events_of(&id)).unwrap_or_default();
        if targets.is_empty() {
            self.lose(Feature::UnknownTarget, "C-070: the deleted message is not known here");
        }
        targets.into_iter().map(|target| MatrixDraft::Redact { event_id: target.event_id, reason: None }).collect()
    }

    fn part(&mut self, part: &NestedPart) -> Vec<MatrixDraft> {
        if !part.language.is_empty() {
            self.lose(Feature::Language, "Matrix has no language tags");
        }
        match &part.body {
            PartBody::Null => Vec::new(),
            PartBody::Single { content_type, content } if part.disposition == Disposition::REACTION => {
                self.reaction(content_type, content)
            }
            PartBody::Single { content_type, content } => self.single(content_type, content),
            PartBody::External(external) => {
                let named = match external.filename.as_str() {
                    "" => String::new(),
                    name => format!(" ({})", one_line(name)),
                };
                self.notice(Feature::Media, &format!("[an attachment{named}, which this bridge does not carry yet]"))
            }
            PartBody::Multi { semantics, parts } => self.multi(*semantics, parts),
        }
    }

    fn multi(&mut self, semantics: PartSemantics, parts: &[NestedPart]) -> Vec<MatrixDraft> {
        match semantics {
            // G-47: the one that we carry best.
            PartSemantics::ChooseOne => {
                self.lose(Feature::Alternatives, "one of several alternatives was chosen");
                let best = parts.iter().min_by_key(|part| preference(part));
                best.map(|part| self.part(part)).unwrap_or_default()
            }
            PartSemantics::ProcessAll => parts.iter().flat_map(|part| self.part(part)).collect(),
            // C-020: all or none.
            PartSemantics::SingleUnit if parts.iter().all(|part| preference(part) < UNSUPPORTED) => {
                parts.iter().flat_map(|part| self.part(part)).collect()
            }
            PartSemantics::SingleUnit => {
                self.notice(Feature::UnknownType, "[a message of several parts, which this bridge does not carry yet]")
            }
        }
    }

    fn reaction(&mut self, content_type: &str, content: &[u8]) -> Vec<MatrixDraft> {
        let target = self.content.in_reply_to.and_then(|id| self.links.event_of(&id));
        let key = std::str::from_utf8(content).ok().filter(|_| essence(content_type) == "text/plain");
        match (target, key) {
            (Some(target), Some(key)) => vec![event(
                "m.reaction",
                json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": target.event_id, "key": key } }),
            )],
            (None, _) => {
                self.lose(Feature::UnknownTarget, "C-070: the message reacted to is not known here");
                Vec::new()
            }
            (_, None) => {
                self.lose(Feature::UnknownType, "a reaction that is no text");
                Vec::new()
            }
        }
    }

    fn single(&mut self, content_type: &str, content: &[u8]) -> Vec<MatrixDraft> {
        let Ok(words) = std::str::from_utf8(content) else {
            return self.notice(Feature::UnknownType, "[binary content, which this bridge does not carry yet]");
        };
        if words.len() > MAX_TEXT_OCTETS {
            return self.notice(Feature::TooLong, "[a message that is too long for this bridge]");
        }
        let body = match essence(content_type).as_str() {
            "text/plain" | "" => json!({ "msgtype": "m.text", "body": words }),
            "text/markdown" => self.marked_up(words),
            // The sender's HTML goes through the same narrow gate as everything else: as GFM.
            "text/html" => {
                let converted = html_to_gfm(words, self.links);
                converted.lost.iter().for_each(|what| self.lose(Feature::Markup, what));
                self.marked_up(&converted.gfm)
            }
            other => {
                let line = format!("[content of type {}, which this bridge does not carry yet]", one_line(other));
                return self.notice(Feature::UnknownType, &line);
            }
        };
        self.related(body)
    }

    fn marked_up(&self, source: &str) -> Value {
        let rendered = gfm_to_html(source, self.links);
        let mut body = json!({
            "msgtype": "m.text",
            "body": rendered.text,
            "format": "org.matrix.custom.html",
            "formatted_body": rendered.html,
        });
        if !rendered.mentions.is_empty() {
            body["m.mentions"] = json!({ "user_ids": rendered.mentions });
        }
        body
    }

    fn notice(&mut self, feature: Feature, line: &str) -> Vec<MatrixDraft> {
        self.lose(feature, "arrived as a notice");
        self.related(json!({ "msgtype": "m.notice", "body": line }))
    }

    /// Edit, reply and thread.
    fn related(&mut self, mut body: Value) -> Vec<MatrixDraft> {
        if body.get("m.mentions").is_none() {
            body["m.mentions"] = json!({});
        }
        if let Some(first) = self.content.replaces {
            let Some(target) = self.links.event_of(&first) else {
                self.lose(Feature::UnknownTarget, "C-070: the edited message is not known here");
                return vec![event("m.room.message", body)];
            };
            let mut edit = body.clone();
            edit["body"] = json!(format!("* {}", body["body"].as_str().unwrap_or_default()));
            if let Some(html) = body["formatted_body"].as_str() {
                edit["formatted_body"] = json!(format!("* {html}"));
            }
            edit["m.new_content"] = body;
            edit["m.relates_to"] = json!({ "rel_type": "m.replace", "event_id": target.event_id });
            return vec![event("m.room.message", edit)];
        }
        let reply = self.content.in_reply_to.map(|id| self.links.event_of(&id));
        if reply == Some(None) {
            self.lose(Feature::UnknownReplyTarget, "C-070: the answered message is not known here");
        }
        let reply = reply.flatten().map(|target| target.event_id);
        let thread = self.thread_root();
        if let Some(relation) = relation(reply, thread) {
            body["m.relates_to"] = relation;
        }
        vec![event("m.room.message", body)]
    }

    fn thread_root(&mut self) -> Option<ruma::OwnedEventId> {
        if self.content.topic_id.is_empty() {
            return None;
        }
        let id = <[u8; 32]>::try_from(self.content.topic_id.as_slice()).ok();
        let root = id.and_then(|id| self.links.event_of(&causeway_drafts::mimi_content_09::MessageId::from_bytes(id)));
        if root.is_none() {
            self.lose(Feature::Topic, "the topic is not the id of a message known here");
        }
        root.map(|root| root.event_id)
    }
}

fn relation(reply: Option<ruma::OwnedEventId>, thread: Option<ruma::OwnedEventId>) -> Option<Value> {
    match (reply, thread) {
        (None, None) => None,
        (Some(reply), None) => Some(json!({ "m.in_reply_to": { "event_id": reply } })),
        (reply, Some(root)) => Some(json!({
            "rel_type": "m.thread",
            "event_id": root,
            "is_falling_back": reply.is_none(),
            "m.in_reply_to": { "event_id": reply.unwrap_or(root) },
        })),
    }
}

fn event(event_type: &str, content: Value) -> MatrixDraft {
    let content = match content {
        Value::Object(content) => content,
        _ => Map::new(),
    };
    MatrixDraft::Event { event_type: event_type.to_owned(), content }
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

const UNSUPPORTED: u8 = 9;

/// Which alternative is carried best: the lower the better.
fn preference(part: &NestedPart) -> u8 {
    match &part.body {
        PartBody::Single { content_type, .. } => match essence(content_type).as_str() {
            "text/markdown" => 0,
            "text/html" => 1,
            "text/plain" => 2,
            _ => UNSUPPORTED,
        },
        PartBody::Multi { .. } => 3,
        PartBody::External(_) => 8,
        PartBody::Null => UNSUPPORTED,
    }
}
