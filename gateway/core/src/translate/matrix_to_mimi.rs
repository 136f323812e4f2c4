//! From Matrix to MIMI.

use causeway_drafts::mimi_content_09::{Disposition, NestedPart};
use ruma::{EventId, OwnedUserId, UserId};
use serde_json::Value;

use super::{GFM_MIMI, Links, MAX_TEXT_OCTETS, MatrixMessage, MimiDraft, PLAIN_TEXT, Translation, html_to_gfm, one_line};
use crate::loss::{Feature, Loss};

/// Why an event is not translated at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is about a message that the other side has not seen.
    #[error("the {0} is about a message that the MIMI side has not seen")]
    UnknownTarget(&'static str),
    /// It takes back one version of a message.
    #[error("MIMI cannot take back a single version of an edited message")]
    OneVersion,
    /// It has no content of its type.
    #[error("{0} is missing")]
    Missing(&'static str),
}

type Result = std::result::Result<Translation<MimiDraft>, Refused>;

fn lossless(value: MimiDraft) -> Result {
    Ok(Translation { value, losses: Vec::new() })
}

fn text<'a>(content: &'a Value, key: &str) -> Option<&'a str> {
    content.get(key).and_then(Value::as_str)
}

/// Translates a room event.
///
/// # Errors
/// If there is nothing that it could become.
pub fn matrix_to_mimi(message: &MatrixMessage<'_>, links: &dyn Links) -> Result {
    match message.event_type {
        "m.room.message" => room_message(message, links),
        "m.reaction" => reaction(message.content, links),
        "m.room.redaction" => redaction(message, links),
        "m.sticker" => notice(message, links, (Feature::Media, "a sticker")),
        "m.room.encrypted" => notice(message, links, (Feature::UnknownType, "an encrypted message")),
        kind if kind.contains("poll") => notice(message, links, (Feature::Poll, "a poll")),
        kind => notice(message, links, (Feature::UnknownType, kind)),
    }
}

fn room_message(message: &MatrixMessage<'_>, links: &dyn Links) -> Result {
    let relation = message.content.get("m.relates_to");
    if relation.and_then(|relation| text(relation, "rel_type")) == Some("m.replace") {
        return edit(message, relation.unwrap_or(&Value::Null), links);
    }
    let mut translated = body(message, message.content, links)?;
    if let Some(relation) = relation {
        relate(&mut translated, relation, links);
    }
    Ok(translated)
}

/// Reply and thread.
fn relate(translated: &mut Translation<MimiDraft>, relation: &Value, links: &dyn Links) {
    let event = |value: Option<&Value>| value.and_then(Value::as_str).and_then(|id| EventId::parse(id).ok());
    let is_thread = text(relation, "rel_type") == Some("m.thread");
    let falls_back = relation.get("is_falling_back").and_then(Value::as_bool).unwrap_or(false);
    if let Some(target) = event(relation.get("m.in_reply_to").and_then(|reply| reply.get("event_id")))
        && !(is_thread && falls_back)
    {
        match links.message_of(&target) {
            Some(target) => translated.value.in_reply_to = Some(target.id),
            None => {
                translated.losses.push(Loss::new(Feature::UnknownReplyTarget, "the MIMI side has not seen the answered message"))
            }
        }
    }
    if is_thread {
        match event(relation.get("event_id")).and_then(|root| links.message_of(&root)) {
            Some(root) => translated.value.topic_id = root.first.as_bytes().to_vec(),
            None => translated.losses.push(Loss::new(Feature::Topic, "the MIMI side has not seen the thread's root")),
        }
    }
}

fn edit(message: &MatrixMessage<'_>, relation: &Value, links: &dyn Links) -> Result {
    let target = text(relation, "event_id").and_then(|id| EventId::parse(id).ok()).ok_or(Refused::Missing("event_id"))?;
    let target = links.message_of(&target).ok_or(Refused::UnknownTarget("edit"))?;
    let new_content = message.content.get("m.new_content").ok_or(Refused::Missing("m.new_content"))?;
    let mut translated = body(message, new_content, links)?;
    translated.value.replaces = Some(target.first);
    Ok(translated)
}

fn reaction(content: &Value, links: &dyn Links) -> Result {
    let relation = content.get("m.relates_to").ok_or(Refused::Missing("m.relates_to"))?;
    let target = text(relation, "event_id").and_then(|id| EventId::parse(id).ok()).ok_or(Refused::Missing("event_id"))?;
    let target = links.message_of(&target).ok_or(Refused::UnknownTarget("reaction"))?;
    // C-032: one reaction a part; the bytes of the key stay as they are.
    let key = text(relation, "key").ok_or(Refused::Missing("key"))?;
    let part = NestedPart::single(Disposition::REACTION, PLAIN_TEXT, key.as_bytes().to_vec());
    lossless(MimiDraft { in_reply_to: Some(target.id), ..MimiDraft::of(part) })
}

fn redaction(message: &MatrixMessage<'_>, links: &dyn Links) -> Result {
    let target = message.redacts.ok_or(Refused::Missing("redacts"))?;
    let target = links.message_of(target).ok_or(Refused::UnknownTarget("redaction"))?;
    if target.is_edit {
        // On Matrix the version before comes back; a MIMI retraction would take the whole message.
        return Err(Refused::OneVersion);
    }
    let disposition = if target.is_reaction { Disposition::REACTION } else { Disposition::RENDER };
    let value = MimiDraft { replaces: Some(target.first), ..MimiDraft::of(NestedPart::null(disposition)) };
    let reason = text(message.content, "reason").map(|_| Loss::new(Feature::RedactionReason, "MIMI deletions have no reason"));
    Ok(Translation { value, losses: reason.into_iter().collect() })
}

/// The body of a message, without relations.
fn body(message: &MatrixMessage<'_>, content: &Value, links: &dyn Links) -> Result {
    // What is text, or may be, has a body; without a known type it is read as text.
    let kind = text(content, "msgtype").unwrap_or("m.text");
    match kind {
        "m.text" | "m.notice" | "m.emote" if text(content, "body").is_none() => Err(Refused::Missing("body")),
        "m.text" => Ok(words(content, links)),
        "m.notice" => Ok(with_loss(words(content, links), Feature::NoticeStyle, "a notice looks like any text")),
        "m.emote" => {
            let mut translated = words(content, links);
            let name = links.display_name(message.sender).unwrap_or_else(|| message.sender.localpart().to_owned());
            prefix(&mut translated.value, &format!("* {name} "));
            Ok(with_loss(translated, Feature::EmoteStyle, "an emote looks like text about the sender"))
        }
        "m.image" => notice(message, links, (Feature::Media, "an image")),
        "m.file" => notice(message, links, (Feature::Media, "a file")),
        "m.audio" => notice(message, links, (Feature::Media, "an audio message")),
        "m.video" => notice(message, links, (Feature::Media, "a video")),
        "m.location" => notice(message, links, (Feature::Location, "a location")),
        other => notice(message, links, (Feature::UnknownType, other)),
    }
}

fn with_loss(mut translated: Translation<MimiDraft>, feature: Feature, detail: &str) -> Translation<MimiDraft> {
    translated.losses.push(Loss::new(feature, detail));
    translated
}

fn prefix(draft: &mut MimiDraft, prefix: &str) {
    if let causeway_drafts::mimi_content_09::PartBody::Single { content_type, content } = &mut draft.nested_part.body {
        let prefix = if content_type == GFM_MIMI { super::html_to_gfm::escape(prefix) } else { prefix.to_owned() };
        content.splice(0..0, prefix.into_bytes());
    }
}

/// Text: plain if it is plain, so that a literal `*` survives; else GFM-MIMI made from the formatted body.
fn words(content: &Value, links: &dyn Links) -> Translation<MimiDraft> {
    let is_reply = content.get("m.relates_to").is_some_and(|relation| relation.get("m.in_reply_to").is_some());
    let formatted = text(content, "formatted_body").filter(|_| text(content, "format") == Some("org.matrix.custom.html"));
    let plain = text(content, "body").unwrap_or_default();
    let mut losses = Vec::new();
    let (media_type, carried) = match formatted {
        Some(html) => {
            let converted = html_to_gfm(html, links);
            losses.extend(converted.lost.into_iter().map(|what| Loss::new(Feature::Markup, what)));
            match converted.gfm {
                // Nothing is left of what was nested too deeply, or was only markup.
                nothing if nothing.is_empty() && !plain.is_empty() => (PLAIN_TEXT, plain.to_owned()),
                carried => (GFM_MIMI, carried),
            }
        }
        None if is_reply => (PLAIN_TEXT, without_reply_fallback(plain).to_owned()),
        None => (PLAIN_TEXT, plain.to_owned()),
    };
    if carried.len() > MAX_TEXT_OCTETS {
        let value = MimiDraft::plain_text("[a message that is too long for this bridge]");
        return Translation { value, losses: vec![Loss::new(Feature::TooLong, "more than 32 KiB of text")] };
    }
    // An answer mentions whom it answers without a word.
    if !is_reply {
        losses.extend(silent_mentions(content, &carried, links));
    }
    Translation { value: MimiDraft::of(NestedPart::text(media_type, &carried)), losses }
}

/// Whom `m.mentions` names without a link in the text, which is what a mention is on the other side (C-034).
fn silent_mentions(content: &Value, carried: &str, links: &dyn Links) -> Vec<Loss> {
    let mentions = content.get("m.mentions");
    let users = mentions.and_then(|mentions| mentions.get("user_ids")).and_then(Value::as_array);
    let users = users.into_iter().flatten().filter_map(|user| UserId::parse(user.as_str()?).ok());
    let is_silent = |user: &OwnedUserId| links.mimi_user(user).is_none_or(|uri| !carried.contains(&format!("(<{uri}>)")));
    let silent = users.filter(is_silent).map(|_| Loss::new(Feature::Mention, "a user whom the text does not link to"));
    let room = mentions.and_then(|mentions| mentions.get("room")).and_then(Value::as_bool).unwrap_or(false);
    silent.chain(room.then(|| Loss::new(Feature::Mention, "the whole room"))).collect()
}

/// Old clients quote what they answer in front of the answer.
fn without_reply_fallback(body: &str) -> &str {
    let mut rest = body;
    while let Some(after) = rest.strip_prefix("> ").or_else(|| rest.strip_prefix(">")) {
        rest = after.split_once('\n').map_or("", |(_, rest)| rest);
    }
    if rest.len() == body.len() { body } else { rest.trim_start_matches('\n') }
}

/// What is not carried yet arrives as one line that says so.
fn notice(message: &MatrixMessage<'_>, links: &dyn Links, (feature, what): (Feature, &str)) -> Result {
    let name = links.display_name(message.sender).unwrap_or_else(|| message.sender.localpart().to_owned());
    let name = one_line(&name);
    let filename =
        text(message.content, "filename").or_else(|| text(message.content, "body")).filter(|_| feature == Feature::Media);
    let named = filename.map(|filename| format!(" ({})", one_line(filename))).unwrap_or_default();
    let what = one_line(what);
    let line = format!("[{name} sent {what}{named}, which this bridge does not carry yet]");
    Ok(Translation { value: MimiDraft::plain_text(&line), losses: vec![Loss::new(feature, what)] })
}
