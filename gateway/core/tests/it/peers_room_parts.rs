//! Messages in events of a peers' room: any message, cut, mixed up, and put together again.

use std::collections::BTreeMap;

use causeway_core::conversation::peers_room::assembly::{Assembly, MOST_WAITING, MOST_WAITING_EVENTS};
use causeway_core::conversation::peers_room::parts::{MAX_CONTENT_OCTETS, MAX_MESSAGE_OCTETS, MOST_PARTS, MOST_RECIPIENTS, Part};
use proptest::prelude::*;
use serde_json::json;

fn split(to: usize, message: &[u8]) -> Vec<Part> {
    let to: BTreeMap<String, u64> = (0..to).map(|number| (format!("{number}.test"), 1)).collect();
    Part::split(&"a.test".parse().unwrap(), &to, message).unwrap()
}

fn octets(octets: usize) -> Vec<u8> {
    (0..octets).map(|number| (number % 251) as u8).collect()
}

/// As a message with this number that consists of one part.
fn whole(number: u64) -> Part {
    split(1, &number.to_be_bytes()).remove(0)
}

proptest! {
    #[test]
    fn dmls_38_a_message_comes_together_from_its_parts_in_any_order(length in 0usize..200_000, to in 1usize..MOST_RECIPIENTS,
        seed in any::<u64>()) {
        let message = octets(length.max(1));
        let mut parts = split(to, &message);
        for part in &parts {
            prop_assert!(part.content().to_string().len() <= MAX_CONTENT_OCTETS);
            prop_assert_eq!(&Part::read(&part.content()).unwrap(), part);
        }
        let turns = seed as usize % parts.len();
        parts.rotate_left(turns);
        prop_assert_eq!(Part::join(&parts).unwrap(), message);
    }

    /// Events come in any order, any of them twice: what is handed on is in the sender's order, each once.
    #[test]
    fn dmls_38_messages_are_handled_in_the_order_of_their_sender(order in Just((0..24usize).collect::<Vec<_>>()).prop_shuffle(),
        again in proptest::collection::vec(0..24usize, 0..24)) {
        let (mut assembly, mut handled) = (Assembly::default(), Vec::new());
        // Eight messages of three parts each.
        for index in order.into_iter().chain(again) {
            let (number, place) = (index as u64 / 3 + 1, index as u32 % 3);
            let part = Part { part: place, parts: 3, ..whole(number) };
            assembly.take(number, &part, &format!("{number}.{place}"));
            while let Some(events) = assembly.take_next() {
                handled.push(events);
            }
        }
        let expected: Vec<Vec<String>> = (1..9).map(|number| (0..3).map(|place| format!("{number}.{place}")).collect()).collect();
        prop_assert_eq!(handled, expected);
    }
}

#[test]
fn dmls_38_the_largest_message_for_the_longest_names_has_no_more_parts_than_are_taken() {
    let longest = |number: usize| format!("{}.{number:03}", "a".repeat(249));
    let to: BTreeMap<String, u64> = (0..MOST_RECIPIENTS).map(|number| (longest(number), (1 << 53) - 1)).collect();
    let parts = Part::split(&"a.test".parse().unwrap(), &to, &vec![0; MAX_MESSAGE_OCTETS]).unwrap();
    assert!(parts.len() <= MOST_PARTS as usize, "{}", parts.len());
    assert!(Part::split(&"a.test".parse().unwrap(), &to, &vec![0; MAX_MESSAGE_OCTETS + 1]).is_err());
}

#[test]
fn dmls_38_what_is_no_part_of_a_message_is_refused() {
    let good = split(2, b"words").remove(0);
    for (key, value) in [
        ("message", json!("words")),
        ("message", json!("A".repeat(64))),
        ("part", json!(1)),
        ("part", json!(-1)),
        ("parts", json!(0)),
        ("parts", json!(MOST_PARTS + 1)),
        ("to", json!({ "b.test": 0 })),
        ("to", json!(["b.test"])),
        ("from", json!(null)),
        ("body", json!(7)),
    ] {
        let mut content = good.content();
        content[key] = value;
        assert!(Part::read(&content).is_err(), "{content}");
    }
    let mut part = good.clone();
    part.body = "d29yZHo".to_owned();
    assert!(Part::join(&[part.clone()]).is_err(), "another message than the one that is named");
    part.body = "not base64!".to_owned();
    assert!(Part::join(&[part]).is_err());
    assert!(Part::join(&split(1, &octets(100_000))[1..]).is_err(), "a part is missing");
}

#[test]
fn dmls_38_what_waits_of_a_sender_is_bounded_and_the_oldest_goes() {
    let mut assembly = Assembly::default();
    // The first message never comes.
    for number in 2..2 + MOST_WAITING as u64 {
        assert!(assembly.take(number, &whole(number), &number.to_string()));
        assert!(!assembly.keep_within_bounds());
        assert_eq!(assembly.take_next(), None);
    }
    let newest = 2 + MOST_WAITING as u64;
    assert!(assembly.take(newest, &whole(newest), "newest"));
    assert!(assembly.keep_within_bounds());
    assert_eq!(assembly.take_next(), Some(vec!["3".to_owned()]), "what waited behind it is handled");
    // Also by octets: parts of ever new messages.
    let mut assembly = Assembly::default();
    let body = "A".repeat(MAX_CONTENT_OCTETS - 1024);
    let mut given_up = false;
    for number in 1..4 {
        for place in 0..500 {
            let part = Part { part: place, parts: MOST_PARTS, body: body.clone(), ..whole(number) };
            assembly.take(number, &part, "event");
            given_up |= assembly.keep_within_bounds();
        }
    }
    assert!(given_up);
    assert!(!assembly.take(1, &whole(1), "late"), "what was given up does not begin anew");
    // And by events, however small they are.
    let mut assembly = Assembly::default();
    let part = |number: u64, place: u32| Part { part: place, parts: MOST_PARTS, ..whole(number) };
    for index in 0..MOST_WAITING_EVENTS as u64 {
        assembly.take(2 + index % 60, &part(2 + index % 60, index as u32 / 60), "event");
        assert!(!assembly.keep_within_bounds());
    }
    assembly.take(99, &part(99, 0), "one more");
    assert!(assembly.keep_within_bounds());
}

#[test]
fn dmls_38_one_message_cannot_take_more_than_the_greatest() {
    let mut assembly = Assembly::default();
    let body = "A".repeat(2 * MAX_MESSAGE_OCTETS / MOST_PARTS as usize);
    let taken = (0..MOST_PARTS).filter(|place| {
        let part = Part { part: *place, parts: MOST_PARTS, body: body.clone(), ..whole(1) };
        assembly.take(1, &part, "event")
    });
    assert!(taken.count() < MOST_PARTS as usize);
    assert_eq!(assembly.take_next(), None);
}

#[test]
fn dmls_38_what_contradicts_the_first_part_is_of_no_use() {
    let mut assembly = Assembly::default();
    let first = Part { parts: 2, ..whole(1) };
    assert!(assembly.take(1, &first, "first"));
    assert!(!assembly.take(1, &first, "again"));
    assert!(!assembly.take(1, &Part { part: 1, parts: 3, ..whole(1) }, "of three"));
    assert!(!assembly.take(1, &Part { part: 1, parts: 2, ..whole(2) }, "another message"));
    assert!(assembly.take(1, &Part { part: 1, ..first }, "second"));
    assert_eq!(assembly.take_next(), Some(vec!["first".to_owned(), "second".to_owned()]));
}

#[test]
fn dmls_38_what_is_missing_for_too_long_is_given_up() {
    let mut assembly = Assembly::default();
    assert_eq!(assembly.is_missing_since(5), None);
    assembly.take(3, &whole(3), "third");
    assembly.take(2, &Part { parts: 2, ..whole(2) }, "half of the second");
    assert_eq!(assembly.is_missing_since(7), Some(7));
    assert_eq!(assembly.is_missing_since(9), Some(7));
    assembly.take(1, &Part { parts: 3, ..whole(1) }, "a third of the first");
    assert_eq!(assembly.is_missing_since(10), Some(10), "the next message is on its way");
    assembly.give_up_missing();
    assert_eq!(assembly.take_next(), Some(vec!["third".to_owned()]));
    assert_eq!(assembly.is_missing_since(11), None);
    assembly.take(5, &Part { parts: 2, ..whole(5) }, "half of the fifth");
    assembly.give_up_missing();
    assert_eq!(assembly.is_missing_since(13), None);
    assembly.take(6, &whole(6), "sixth");
    assert_eq!(assembly.take_next(), Some(vec!["sixth".to_owned()]));
}
