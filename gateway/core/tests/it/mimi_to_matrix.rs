use causeway_core::loss::Feature;
use causeway_core::translate::{self, GFM_MIMI, MAX_TEXT_OCTETS, MatrixDraft, PLAIN_TEXT, Translation};
use causeway_drafts::mimi_content_09::{
    Disposition, Expiration, Extensions, ExternalPart, HashAlgorithm, MimiContent, NestedPart, PartBody, PartSemantics,
};
use serde_json::{Value, json};

use crate::support::links::*;

fn content(nested_part: NestedPart) -> MimiContent {
    MimiContent {
        salt: [7; 16],
        replaces: None,
        topic_id: Vec::new(),
        expires: None,
        in_reply_to: None,
        extensions: Extensions::default(),
        nested_part,
    }
}

fn text(words: &str) -> MimiContent {
    content(NestedPart::text(PLAIN_TEXT, words))
}

fn translate(content: &MimiContent) -> Translation<Vec<MatrixDraft>> {
    translate::mimi_to_matrix(content, &links())
}

fn lost(translated: &Translation<Vec<MatrixDraft>>) -> Vec<Feature> {
    translated.losses.iter().map(|loss| loss.feature).collect()
}

fn events(content: &MimiContent) -> Vec<(String, Value)> {
    let event = |draft| match draft {
        MatrixDraft::Event { event_type, content } => (event_type, Value::Object(content)),
        MatrixDraft::Redact { event_id, .. } => ("redact".to_owned(), json!(event_id)),
    };
    translate(content).value.into_iter().map(event).collect()
}

fn one(content: &MimiContent) -> Value {
    let mut events = events(content);
    assert_eq!(events.len(), 1);
    events.remove(0).1
}

#[test]
fn c_052_plain_text_is_plain() {
    let event = one(&text("2 * 3 <b>x</b> mimi://a.test/u/bob"));
    assert_eq!(event, json!({ "msgtype": "m.text", "body": "2 * 3 <b>x</b> mimi://a.test/u/bob", "m.mentions": {} }));
}

#[test]
fn c_053_gfm_is_rendered_beside_its_text() {
    let event = one(&content(NestedPart::text(GFM_MIMI, "**bold** ~~gone~~")));
    assert_eq!(event["body"], "bold ~~gone~~");
    assert_eq!(event["format"], "org.matrix.custom.html");
    assert_eq!(event["formatted_body"], "<strong>bold</strong> <del>gone</del>");
}

/// C-034: a link to a user is a mention, to the puppet's own Matrix user or to a ghost.
#[test]
fn c_034_a_link_to_a_user_is_a_mention() {
    let source = "[Alice](mimi://gw.test/u/alice%3Ahs.test) and [Bob](mimi://b.test/u/bob) and [a room](mimi://b.test/r/x)";
    let event = one(&content(NestedPart::text(GFM_MIMI, source)));
    assert_eq!(event["m.mentions"], json!({ "user_ids": ["@alice:hs.test", "@_mimi_b.test/bob:gw.test"] }));
    let html = event["formatted_body"].as_str().unwrap();
    assert!(html.contains("<a href=\"https://matrix.to/#/@alice:hs.test\">Alice</a>"), "{html}");
    assert!(html.contains("@_mimi_b.test/bob:gw.test") || html.contains("@_mimi_b.test%2Fbob:gw.test"), "{html}");
}

#[test]
fn replies_and_threads_name_the_original_event() {
    let reply = one(&MimiContent { in_reply_to: Some(NEWEST), ..text("yes") });
    assert_eq!(reply["m.relates_to"], json!({ "m.in_reply_to": { "event_id": EDITED_EVENT } }));
    let thread = one(&MimiContent { topic_id: FIRST.as_bytes().to_vec(), ..text("yes") });
    assert_eq!(thread["m.relates_to"]["rel_type"], "m.thread");
    assert_eq!(thread["m.relates_to"]["event_id"], EDITED_EVENT);
    assert_eq!(thread["m.relates_to"]["is_falling_back"], true);
}

/// C-070: what is about something unknown is shown all the same, where that makes sense.
#[test]
fn c_070_unknown_targets_are_losses() {
    let reply = MimiContent { in_reply_to: Some(UNKNOWN), ..text("yes") };
    assert_eq!(lost(&translate(&reply)), [Feature::UnknownReplyTarget]);
    assert!(one(&reply).get("m.relates_to").is_none());
    let edit = MimiContent { replaces: Some(UNKNOWN), ..text("better") };
    assert_eq!((lost(&translate(&edit)), one(&edit)["body"].clone()), (vec![Feature::UnknownTarget], json!("better")));
    let topic = MimiContent { topic_id: b"holidays".to_vec(), ..text("yes") };
    assert_eq!(lost(&translate(&topic)), [Feature::Topic]);
    let reaction = NestedPart::single(Disposition::REACTION, PLAIN_TEXT, b"x".to_vec());
    let reaction = MimiContent { in_reply_to: Some(UNKNOWN), ..content(reaction) };
    assert_eq!((lost(&translate(&reaction)), events(&reaction)), (vec![Feature::UnknownTarget], vec![]));
    let deletion = MimiContent { replaces: Some(UNKNOWN), ..content(NestedPart::null(Disposition::RENDER)) };
    assert_eq!((lost(&translate(&deletion)), events(&deletion)), (vec![Feature::UnknownTarget], vec![]));
}

#[test]
fn c_035_an_edit_replaces_the_original_event() {
    let edit = one(&MimiContent { replaces: Some(FIRST), ..content(NestedPart::text(GFM_MIMI, "*better*")) });
    assert_eq!(edit["m.relates_to"], json!({ "rel_type": "m.replace", "event_id": EDITED_EVENT }));
    assert_eq!(edit["m.new_content"]["body"], "better");
    assert_eq!(edit["m.new_content"]["formatted_body"], "<em>better</em>");
    assert_eq!((edit["body"].as_str(), edit["formatted_body"].as_str()), (Some("* better"), Some("* <em>better</em>")));
}

#[test]
fn c_032_a_reaction_keeps_its_bytes() {
    let part = NestedPart::single(Disposition::REACTION, PLAIN_TEXT, "\u{2764}\u{fe0f}".as_bytes().to_vec());
    let reaction = MimiContent { in_reply_to: Some(NEWEST), ..content(part) };
    assert_eq!(
        events(&reaction),
        [(
            "m.reaction".to_owned(),
            json!({
                "m.relates_to": { "rel_type": "m.annotation", "event_id": EDITED_EVENT, "key": "\u{2764}\u{fe0f}" },
            })
        )]
    );
}

#[test]
fn c_036_an_empty_replacement_is_a_redaction() {
    for (target, event) in [(FIRST, EDITED_EVENT), (REACTION, REACTION_EVENT)] {
        let deletion = MimiContent { replaces: Some(target), ..content(NestedPart::null(Disposition::RENDER)) };
        assert_eq!(events(&deletion), [("redact".to_owned(), json!(event))]);
    }
}

/// C-017: nothing that replaces nothing is nothing.
#[test]
fn c_017_a_null_part_alone_means_nothing() {
    let nothing = content(NestedPart::null(Disposition::RENDER));
    assert!(translate(&nothing).value.is_empty());
    assert!(translate(&nothing).losses.is_empty());
}

fn multi(semantics: PartSemantics, parts: Vec<NestedPart>) -> MimiContent {
    content(NestedPart { disposition: Disposition::RENDER, language: String::new(), body: PartBody::Multi { semantics, parts } })
}

/// G-47: of several alternatives, the one that is carried best.
#[test]
fn g_47_the_best_alternative_is_chosen() {
    let parts = vec![
        NestedPart::single(Disposition::RENDER, "image/png", vec![0xff]),
        NestedPart::text(PLAIN_TEXT, "plain"),
        NestedPart::text(GFM_MIMI, "*marked*"),
        NestedPart::text("text/html;charset=utf-8", "<b>html</b>"),
    ];
    let content = multi(PartSemantics::ChooseOne, parts);
    assert_eq!(one(&content)["formatted_body"], "<em>marked</em>");
    assert_eq!(lost(&translate(&content)), [Feature::Alternatives]);
}

/// C-020: a unit of which one part is not understood is not shown in part.
#[test]
fn c_020_a_unit_is_all_or_nothing() {
    let text = || NestedPart::text(PLAIN_TEXT, "one");
    assert_eq!(events(&multi(PartSemantics::SingleUnit, vec![text(), text()])).len(), 2);
    let unit = multi(PartSemantics::SingleUnit, vec![text(), NestedPart::single(Disposition::RENDER, "application/x", vec![1])]);
    assert_eq!(one(&unit)["msgtype"], "m.notice");
    let all = multi(PartSemantics::ProcessAll, vec![text(), NestedPart::single(Disposition::RENDER, "application/x", vec![1])]);
    assert_eq!(events(&all).len(), 2);
}

#[test]
fn attachments_become_one_line() {
    let external = ExternalPart {
        content_type: "image/png".to_owned(),
        url: "https://tracker.test/pixel.png?who=alice".to_owned(),
        expires: 0,
        size: 1,
        enc_alg: 1,
        key: vec![1; 16],
        nonce: vec![2; 12],
        aad: vec![],
        hash_alg: HashAlgorithm::SHA_256,
        content_hash: vec![3; 32],
        description: String::new(),
        filename: "cat\n.png".to_owned(),
    };
    let part =
        NestedPart { disposition: Disposition::ATTACHMENT, language: String::new(), body: PartBody::External(Box::new(external)) };
    let content = content(part);
    assert_eq!(lost(&translate(&content)), [Feature::Media]);
    let event = one(&content);
    assert_eq!(event["msgtype"], "m.notice");
    let body = event["body"].as_str().unwrap();
    assert!(body.contains("cat") && !body.contains('\n') && !body.contains("tracker"), "{body}");
}

#[test]
fn what_has_no_counterpart_is_a_loss() {
    let expiring = MimiContent { expires: Some(Expiration { relative: true, time: 60 }), ..text("soon gone") };
    assert_eq!(lost(&translate(&expiring)), [Feature::Expiration]);
    let spoken = content(NestedPart { language: "de".to_owned(), ..NestedPart::text(PLAIN_TEXT, "hallo") });
    assert_eq!(lost(&translate(&spoken)), [Feature::Language]);
    let unknown = content(NestedPart::text("application/x\n-game", "e4"));
    assert_eq!(lost(&translate(&unknown)), [Feature::UnknownType]);
    assert!(!one(&unknown)["body"].as_str().unwrap().contains('\n'));
    let binary = content(NestedPart::single(Disposition::RENDER, PLAIN_TEXT, vec![0xff, 0xfe]));
    assert_eq!(lost(&translate(&binary)), [Feature::UnknownType]);
    let long = text(&"x".repeat(MAX_TEXT_OCTETS + 1));
    assert_eq!(lost(&translate(&long)), [Feature::TooLong]);
}

/// C-022: what a part is for may be unknown; then it is shown.
#[test]
fn c_022_an_unknown_disposition_renders() {
    let part = NestedPart::single(Disposition(99), PLAIN_TEXT, b"hello".to_vec());
    assert_eq!(one(&content(part))["body"], "hello");
}
