use causeway_core::loss::Feature;
use causeway_core::translate::{self, GFM_MIMI, MAX_TEXT_OCTETS, MatrixMessage, MimiDraft, PLAIN_TEXT, Refused, Translation};
use causeway_drafts::mimi_content_09::{Disposition, NestedPart, PartBody};
use ruma::{EventId, OwnedEventId, UserId};
use serde_json::{Value, json};

use crate::support::links::*;

fn translate_event(event_type: &str, content: &Value, redacts: Option<&str>) -> Result<Translation<MimiDraft>, Refused> {
    let redacts: Option<OwnedEventId> = redacts.map(|id| EventId::parse(id).unwrap());
    let message = MatrixMessage {
        event_id: &EventId::parse("$event").unwrap(),
        event_type,
        sender: &UserId::parse("@alice:hs.test").unwrap(),
        content,
        redacts: redacts.as_ref(),
    };
    translate::matrix_to_mimi(&message, &links())
}

fn message(content: Value) -> Translation<MimiDraft> {
    translate_event("m.room.message", &content, None).unwrap()
}

fn lost(translated: &Translation<MimiDraft>) -> Vec<Feature> {
    translated.losses.iter().map(|loss| loss.feature).collect()
}

fn words(draft: &MimiDraft) -> (&str, &str) {
    match &draft.nested_part.body {
        PartBody::Single { content_type, content } => (content_type, std::str::from_utf8(content).unwrap()),
        other => panic!("not one text: {other:?}"),
    }
}

/// C-052: what is plain stays plain, so that a literal `*` survives.
#[test]
fn c_052_plain_text_is_carried_as_it_is() {
    let translated = message(json!({ "msgtype": "m.text", "body": "2 * 3 * 4 <b> & so on\n# no heading" }));
    assert_eq!(words(&translated.value), (PLAIN_TEXT, "2 * 3 * 4 <b> & so on\n# no heading"));
    assert_eq!(translated.value.nested_part.disposition, Disposition::RENDER);
    assert!(translated.losses.is_empty());
}

#[test]
fn c_053_formatted_text_becomes_gfm() {
    let translated = message(json!({
        "msgtype": "m.text",
        "body": "fallback",
        "format": "org.matrix.custom.html",
        "formatted_body": "<b>bold</b> &amp; <em>more</em>",
    }));
    assert_eq!(words(&translated.value), (GFM_MIMI, "**bold** \\& *more*"));
    // Another format is no HTML.
    let other = json!({ "msgtype": "m.text", "body": "plain", "format": "org.example.rtf", "formatted_body": "{\\rtf1}" });
    assert_eq!(words(&message(other).value), (PLAIN_TEXT, "plain"));
}

/// C-034: on the other side, a mention is a link.
#[test]
fn c_034_mentions_without_a_link_are_lost() {
    let mentions = |html: &str, mentions: Value, relation: Value| {
        let content = json!({ "msgtype": "m.text", "body": "text", "format": "org.matrix.custom.html", "formatted_body": html, "m.mentions": mentions, "m.relates_to": relation });
        lost(&message(content))
    };
    let bob = json!({ "user_ids": ["@bob:hs.test"] });
    let pill = "<a href=\"https://matrix.to/#/@bob:hs.test\">Bob</a>";
    assert_eq!(mentions(pill, bob.clone(), Value::Null), []);
    assert_eq!(mentions("Bob", bob.clone(), Value::Null), [Feature::Mention]);
    assert_eq!(mentions(pill, json!({ "room": true }), Value::Null), [Feature::Mention]);
    assert_eq!(mentions("Bob", json!({ "user_ids": ["nonsense", 7], "room": "yes" }), Value::Null), []);
    // Who is answered is mentioned by the answer.
    assert_eq!(mentions("yes", bob, json!({ "m.in_reply_to": { "event_id": EDITED_EVENT } })), []);
}

#[test]
fn notices_and_emotes_become_text_with_a_loss() {
    let notice = message(json!({ "msgtype": "m.notice", "body": "I am a bot" }));
    assert_eq!((words(&notice.value), lost(&notice)), ((PLAIN_TEXT, "I am a bot"), vec![Feature::NoticeStyle]));
    let emote = message(json!({ "msgtype": "m.emote", "body": "waves" }));
    assert_eq!((words(&emote.value), lost(&emote)), ((PLAIN_TEXT, "* Alice *A* waves"), vec![Feature::EmoteStyle]));
    let emote = message(json!({
        "msgtype": "m.emote", "body": "waves", "format": "org.matrix.custom.html", "formatted_body": "<b>waves</b>",
    }));
    assert_eq!(words(&emote.value), (GFM_MIMI, "\\* Alice \\*A\\* **waves**"));
}

/// inReplyTo names the newest version (C-012), a thread the first.
#[test]
fn c_012_replies_and_threads_name_versions() {
    let reply = message(json!({
        "msgtype": "m.text", "body": "yes", "m.relates_to": { "m.in_reply_to": { "event_id": EDITED_EVENT } },
    }));
    assert_eq!(reply.value.in_reply_to, Some(NEWEST));
    assert_eq!(reply.value.replaces, None);
    let thread = json!({
        "msgtype": "m.text",
        "body": "in a thread",
        "m.relates_to": {
            "rel_type": "m.thread", "event_id": EDITED_EVENT, "is_falling_back": true,
            "m.in_reply_to": { "event_id": REACTION_EVENT },
        },
    });
    let thread = message(thread);
    assert_eq!(thread.value.topic_id, FIRST.as_bytes());
    assert_eq!(thread.value.in_reply_to, None, "a fallback is no reply");
    let unknown = message(json!({
        "msgtype": "m.text", "body": "yes", "m.relates_to": { "m.in_reply_to": { "event_id": UNKNOWN_EVENT } },
    }));
    assert_eq!((unknown.value.in_reply_to, lost(&unknown)), (None, vec![Feature::UnknownReplyTarget]));
}

#[test]
fn a_quoted_reply_fallback_is_left_out() {
    let content = |body: &str| json!({ "msgtype": "m.text", "body": body, "m.relates_to": { "m.in_reply_to": { "event_id": EDITED_EVENT } } });
    assert_eq!(words(&message(content("> <@bob:hs.test> hi\n> there\n\nyes")).value).1, "yes");
    assert_eq!(words(&message(content("yes > no")).value).1, "yes > no");
    // Without a reply, a quote is what somebody wrote.
    assert_eq!(words(&message(json!({ "msgtype": "m.text", "body": "> hi\n\nyes" })).value).1, "> hi\n\nyes");
}

/// C-035: an edit names the first version, however many came between.
#[test]
fn c_035_an_edit_replaces_the_first_version() {
    let edit = json!({
        "msgtype": "m.text",
        "body": "* better",
        "m.new_content": { "msgtype": "m.text", "body": "better" },
        "m.relates_to": { "rel_type": "m.replace", "event_id": EDITED_EVENT },
    });
    let translated = message(edit.clone());
    assert_eq!((translated.value.replaces, words(&translated.value).1), (Some(FIRST), "better"));
    let mut unknown = edit.clone();
    unknown["m.relates_to"]["event_id"] = json!(UNKNOWN_EVENT);
    assert_eq!(translate_event("m.room.message", &unknown, None).unwrap_err(), Refused::UnknownTarget("edit"));
    let mut empty = edit;
    empty.as_object_mut().unwrap().remove("m.new_content");
    assert_eq!(translate_event("m.room.message", &empty, None).unwrap_err(), Refused::Missing("m.new_content"));
}

/// C-032: one reaction a part, its bytes untouched.
#[test]
fn c_032_a_reaction_keeps_its_bytes() {
    let reaction = |key: &str| json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": EDITED_EVENT, "key": key } });
    for key in ["\u{2764}\u{fe0f}", "\u{2764}", "+1 *"] {
        let translated = translate_event("m.reaction", &reaction(key), None).unwrap();
        assert_eq!(translated.value.nested_part, NestedPart::single(Disposition::REACTION, PLAIN_TEXT, key.as_bytes().to_vec()));
        assert_eq!(translated.value.in_reply_to, Some(NEWEST));
        assert!(translated.losses.is_empty());
    }
}

/// C-036, C-037: deletion is an empty replacement; of a reaction, with its disposition.
#[test]
fn c_036_a_redaction_replaces_by_nothing() {
    let translated = translate_event("m.room.redaction", &json!({ "reason": "spam" }), Some(EDITED_EVENT)).unwrap();
    assert_eq!((translated.value.replaces, &translated.value.nested_part), (Some(FIRST), &NestedPart::null(Disposition::RENDER)));
    assert_eq!(lost(&translated), [Feature::RedactionReason]);
    let translated = translate_event("m.room.redaction", &json!({}), Some(REACTION_EVENT)).unwrap();
    assert_eq!(translated.value.nested_part, NestedPart::null(Disposition::REACTION));
    let unknown = translate_event("m.room.redaction", &json!({}), Some(UNKNOWN_EVENT));
    assert_eq!(unknown.unwrap_err(), Refused::UnknownTarget("redaction"));
}

/// What is not carried yet arrives as one line that says so, and is a loss.
#[test]
fn what_is_not_carried_becomes_one_line() {
    for (kind, what, feature) in [
        ("m.image", "an image (cat.png)", Feature::Media),
        ("m.file", "a file (cat.png)", Feature::Media),
        ("m.audio", "an audio message (cat.png)", Feature::Media),
        ("m.video", "a video (cat.png)", Feature::Media),
        ("m.location", "a location", Feature::Location),
        ("org.example.game", "org.example.game", Feature::UnknownType),
    ] {
        let translated = message(json!({ "msgtype": kind, "body": "cat.png", "url": "mxc://hs.test/secret" }));
        let expected = format!("[Alice *A* sent {what}, which this bridge does not carry yet]");
        assert_eq!((words(&translated.value), lost(&translated)), ((PLAIN_TEXT, expected.as_str()), vec![feature]), "{kind}");
    }
    for (event_type, feature) in [
        ("m.sticker", Feature::Media),
        ("m.poll.start", Feature::Poll),
        ("org.matrix.msc3381.poll.start", Feature::Poll),
        ("m.room.encrypted", Feature::UnknownType),
        ("org.example.thing", Feature::UnknownType),
    ] {
        let translated = translate_event(event_type, &json!({}), None).unwrap();
        assert_eq!(lost(&translated), [feature], "{event_type}");
        assert!(!words(&translated.value).1.contains('\n'));
    }
}

#[test]
fn a_filename_stays_on_its_line() {
    let name = format!("a\nb\u{1b}[31m{}", "x".repeat(500));
    let translated = message(json!({ "msgtype": "m.file", "body": name }));
    let text = words(&translated.value).1;
    assert!(!text.chars().any(char::is_control), "{text}");
    assert!(text.len() < 250, "{text}");
}

/// What a type is called is the sender's choice.
#[test]
fn an_unknown_type_stays_on_its_line() {
    let long = format!("org.example\n\u{202e}{}", "x".repeat(10_000));
    let by_msgtype = message(json!({ "msgtype": long, "body": "" }));
    let by_type = translate_event(&long, &json!({}), None).unwrap();
    for translated in [by_msgtype, by_type] {
        let text = words(&translated.value).1;
        assert!(!text.contains('\n') && text.len() < 500, "{text}");
        assert!(translated.losses[0].detail.len() < 500);
    }
}

#[test]
fn g_45_text_beyond_the_limit_is_named() {
    let fits = message(json!({ "msgtype": "m.text", "body": "x".repeat(MAX_TEXT_OCTETS) }));
    assert!(fits.losses.is_empty());
    let long = message(json!({ "msgtype": "m.text", "body": "x".repeat(MAX_TEXT_OCTETS + 1) }));
    assert_eq!(lost(&long), [Feature::TooLong]);
    assert!(words(&long.value).1.len() < 100);
}

/// Nothing that a client may send brings a panic.
#[test]
fn malformed_contents_are_refused() {
    for (event_type, content) in [
        ("m.room.message", json!({})),
        ("m.room.message", json!({ "msgtype": 1 })),
        ("m.room.message", json!({ "msgtype": "m.text", "body": 7 })),
        ("m.room.message", json!({ "msgtype": "m.text", "m.relates_to": { "rel_type": "m.replace" } })),
        ("m.reaction", json!({})),
        ("m.reaction", json!({ "m.relates_to": { "event_id": "nonsense", "key": "x" } })),
        ("m.reaction", json!({ "m.relates_to": { "event_id": EDITED_EVENT } })),
        ("m.room.redaction", json!({})),
    ] {
        assert!(translate_event(event_type, &content, None).is_err(), "{event_type} {content}");
    }
    let odd = message(json!({ "body": "no type", "m.relates_to": "nonsense" }));
    assert_eq!(words(&odd.value).1, "no type");
}
