//! Messages that no honest client makes, sealed by a member all the same [mimi-content-09 §9.1].

use causeway_drafts::application::frame;
use causeway_drafts::cbor::Item;
use causeway_drafts::mimi_content_09::{
    Disposition, Extension, ExtensionKey, Extensions, MessageId, MimiContent, NestedPart, PartBody, PartSemantics,
};
use causeway_drafts::mimi_protocol_06::franking::franking_tag;
use ruma::RoomVersionId;

use crate::support::simulation::*;

/// Bob's room, with a client that does what it likes.
fn world() -> World {
    let mut world = World::together(RoomVersionId::V11);
    world.say(B, 1, "hello");
    world
}

fn content(world: &World, nested_part: NestedPart) -> MimiContent {
    let room = world.sides[A].conversation(0).row.mimi_room.unwrap();
    MimiContent {
        salt: [9; 16],
        replaces: None,
        topic_id: Vec::new(),
        expires: None,
        in_reply_to: None,
        extensions: Extensions::with_sender_and_room(world.sides[B].puppet().as_str(), &room),
        nested_part,
    }
}

fn text(world: &World, words: &str) -> MimiContent {
    content(world, NestedPart::text("text/plain;charset=utf-8", words))
}

/// Seals application data as Bob and submits it to the hub. What the room shows then, and why not.
fn submit(world: &mut World, application_data: &[u8], tag: [u8; 32]) -> (Vec<String>, Option<String>) {
    let (shown, lost) = (world.sides[A].timeline(0).len(), world.sides[A].losses.len());
    let bob = world.sides[B].puppet();
    let client = world.sides[B].gateway.names.puppet_client(&bob);
    let sealed = world
        .turn(B, 1, |conversation, _| {
            let identity = conversation.clients[&client].clone();
            Ok(conversation.group.as_mut().unwrap().seal(&identity, application_data, tag)?)
        })
        .unwrap();
    let provider = "b.test".parse().unwrap();
    world.turn(A, 0, |conversation, turn| conversation.submit(turn, &provider, &bob, &sealed)).unwrap();
    let bodies = world.sides[A].timeline(0).split_off(shown);
    let bodies = bodies.into_iter().map(|(_, content)| content.to_string()).collect();
    (bodies, world.sides[A].losses.get(lost).map(|loss| loss.detail.clone()))
}

fn submit_content(world: &mut World, content: &MimiContent) -> (Vec<String>, Option<String>) {
    let application_data = frame(&content.encode());
    submit(world, &application_data, franking_tag(&content.salt, &application_data))
}

fn assert_discarded(result: (Vec<String>, Option<String>), rule: &str) {
    let (shown, why) = result;
    assert!(shown.is_empty(), "{shown:?}");
    let why = why.unwrap();
    assert!(why.contains(rule), "{why}");
}

#[test]
fn c_015_a_message_names_its_own_sender_and_room() {
    let mut world = world();
    let room = world.sides[A].conversation(0).row.mimi_room.unwrap();
    for (sender, named_room) in [
        (world.sides[A].puppet().to_string(), room.clone()),
        ("mimi://b.test/u/other".to_owned(), room),
        (world.sides[B].puppet().to_string(), "mimi://a.test/r/elsewhere".to_owned()),
    ] {
        let extensions = Extensions::with_sender_and_room(&sender, &named_room);
        let forged = MimiContent { extensions, ..text(&world, "I am somebody else") };
        assert_discarded(submit_content(&mut world, &forged), "C-015");
    }
}

/// P-053: a tag that does not commit to the content could not be reported later.
#[test]
fn p_053_a_franking_tag_has_to_fit() {
    let mut world = world();
    let application_data = frame(&text(&world, "deniable").encode());
    assert_discarded(submit(&mut world, &application_data, [0; 32]), "P-053");
}

#[test]
fn what_is_no_mimi_content_is_discarded() {
    let mut world = world();
    let tagged = |data: &[u8]| franking_tag(&[9; 16], data);
    let raw = text(&world, "no frame").encode();
    assert_discarded(submit(&mut world, &raw, tagged(&raw)), "P-128");
    let other = [&[10], b"text/plain".as_slice(), &[0, 2, b'h', b'i']].concat();
    assert_discarded(submit(&mut world, &other, tagged(&other)), "P-128");
    let broken = frame(&raw[..raw.len() - 1]);
    assert_discarded(submit(&mut world, &broken, tagged(&broken)), "C-040");
    assert_discarded(submit(&mut world, b"", tagged(b"")), "P-128");
}

/// C-061: one message, whatever the number of its ciphertexts.
#[test]
fn c_061_a_message_sealed_twice_is_shown_once() {
    let mut world = world();
    let twice = text(&world, "again");
    assert_eq!(submit_content(&mut world, &twice).0.len(), 1);
    assert_eq!(submit_content(&mut world, &twice), (vec![], None));
    // Another salt is another message.
    let other = MimiContent { salt: [8; 16], ..twice };
    assert_eq!(submit_content(&mut world, &other).0.len(), 1);
}

#[test]
fn c_074_nobody_edits_what_another_wrote() {
    let mut world = world();
    let event = world.say(A, 0, "mine").event_id().to_string();
    let id = world.sides[A].conversation(0).messages.by_event(&event).unwrap().message_id.clone();
    let id = MessageId::from_bytes(id.try_into().unwrap());
    let edit = MimiContent { replaces: Some(id), ..text(&world, "yours") };
    assert_discarded(submit_content(&mut world, &edit), "C-074");
    let deletion = MimiContent { replaces: Some(id), ..content(&world, NestedPart::null(Disposition::RENDER)) };
    assert_discarded(submit_content(&mut world, &deletion), "C-074");
}

/// C-058: markup with HTML in it shows the HTML as text.
#[test]
fn c_058_no_html_of_a_sender_reaches_the_room() {
    let mut world = world();
    let hostile = "<script>alert(1)</script> [x](javascript:alert(1)) ![y](https://tracker.test/p.png)";
    for media_type in ["text/markdown;variant=GFM-MIMI", "text/html"] {
        let content = MimiContent { salt: [media_type.len() as u8; 16], ..content(&world, NestedPart::text(media_type, hostile)) };
        let (shown, _) = submit_content(&mut world, &content);
        let event: serde_json::Value = serde_json::from_str(&shown[0]).unwrap();
        let html = event["formatted_body"].as_str().unwrap();
        assert!(!html.contains("<script") && !html.contains("href=\"javascript") && !html.contains("<img"), "{html}");
    }
}

/// Extensions that nobody knows do not matter, nor may they become part of a Matrix event.
#[test]
fn unknown_extensions_stay_behind() {
    let mut world = world();
    let mut odd = text(&world, "odd");
    for (key, value) in [(ExtensionKey::Text("m.room.member".to_owned()), b"\x64join".as_slice()), (ExtensionKey::Int(-7), b"\xf6")]
    {
        odd.extensions.insert(Extension::new(key, &Item::from_bytes(value).unwrap()).unwrap());
    }
    let (shown, _) = submit_content(&mut world, &odd);
    assert!(shown[0].contains("odd") && !shown[0].contains("m.room.member"), "{shown:?}");
}

/// Many parts are many events, each with the same message behind it; a reaction to the message finds the first.
#[test]
fn a_message_of_several_parts_becomes_several_events() {
    let mut world = world();
    let parts = vec![NestedPart::text("text/plain", "one"), NestedPart::text("text/plain", "two")];
    let body = PartBody::Multi { semantics: PartSemantics::ProcessAll, parts };
    let several = content(&world, NestedPart { disposition: Disposition::RENDER, language: String::new(), body });
    assert_eq!(submit_content(&mut world, &several).0.len(), 2);
    let encoded = several.encode();
    let room = world.sides[A].conversation(0).row.mimi_room.unwrap();
    let id = causeway_drafts::mimi_content_09::message_id(world.sides[B].puppet().as_str(), &room, &encoded, &several.salt);
    let reaction = NestedPart::single(Disposition::REACTION, "text/plain", b"+1".to_vec());
    let reaction = MimiContent { salt: [3; 16], in_reply_to: Some(id), ..content(&world, reaction) };
    let (shown, why) = submit_content(&mut world, &reaction);
    assert_eq!(why, None);
    let first = world.sides[A].events(0).into_iter().find(|(_, content)| content["body"] == "one").unwrap().0;
    assert!(shown[0].contains(&first), "{shown:?}");
}

/// A deletion takes every event of a message with it.
#[test]
fn c_036_a_deleted_message_of_several_parts_is_gone_as_a_whole() {
    let mut world = world();
    let parts = vec![NestedPart::text("text/plain", "one"), NestedPart::text("text/plain", "two")];
    let body = PartBody::Multi { semantics: PartSemantics::ProcessAll, parts };
    let several = content(&world, NestedPart { disposition: Disposition::RENDER, language: String::new(), body });
    submit_content(&mut world, &several);
    let room = world.sides[A].conversation(0).row.mimi_room.unwrap();
    let id =
        causeway_drafts::mimi_content_09::message_id(world.sides[B].puppet().as_str(), &room, &several.encode(), &several.salt);
    let deletion = MimiContent { salt: [4; 16], replaces: Some(id), ..content(&world, NestedPart::null(Disposition::RENDER)) };
    let (redactions, _) = submit_content(&mut world, &deletion);
    assert_eq!(redactions.len(), 2, "{redactions:?}");
}
