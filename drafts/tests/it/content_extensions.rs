//! Extensions with a type of their own, and those without [mimi-content-09 §4.3], [more-extensions-00].

use causeway_drafts::cbor::{CborErrorKind, DocumentError, Item};
use causeway_drafts::mimi_content_09::{Extension, ExtensionKey, Extensions, MessageId, MimiContent};
use causeway_drafts::mimi_content_more_extensions_00::{ExternalMessageId, Fraction, LastSeen, Scope, SenderTimestamp};
use proptest::prelude::*;

use crate::content_decoding::{content, map, rule, text};

fn extension(key: &str, value: &str) -> Extension {
    let content = MimiContent::decode(&map(&[key, value])).unwrap();
    content.extensions.into_iter().next().unwrap()
}

/// C-015: the names are text, and not so long that no message id could be made of them.
#[test]
fn c_015_sender_and_room_are_text() {
    assert_eq!(extension("01", "6161"), Extension::SenderUri("a".to_owned()));
    assert_eq!(extension("02", "6161"), Extension::RoomUri("a".to_owned()));
    for value in ["4161", "01", "f6", "80"] {
        assert_eq!(rule(&map(&["01", value])), "C-015");
        assert_eq!(rule(&map(&["02", value])), "C-015");
    }
    let longest = |octets: usize| Extension::SenderUri("a".repeat(octets));
    let with = |extension| MimiContent { extensions: Extensions::from_iter([extension]), ..content(text()) };
    assert!(MimiContent::decode(&with(longest(65_535)).encode()).is_ok());
    assert_eq!(rule(&with(longest(65_536)).encode()), "C-003");
}

/// more-extensions-00 §3, with the draft's example.
#[test]
fn sender_timestamps_are_seconds_and_at_most_one_fraction() {
    let stamp = |seconds, fraction| Extension::SenderTimestamp(SenderTimestamp { seconds, fraction });
    assert_eq!(extension("03", "a2011a691196b9251a0007103d"), stamp(1_762_760_377, Some(Fraction::Micros(462_909))));
    assert_eq!(extension("03", "a10100"), stamp(0, None));
    assert_eq!(extension("03", "a201002201"), stamp(0, Some(Fraction::Millis(1))));
    assert_eq!(extension("03", "a20100281a3b9ac9ff"), stamp(0, Some(Fraction::Nanos(999_999_999))));
    for value in [
        "01",
        "a0",
        "a10200",
        "a10120",
        "a1016161",
        "a201000200",
        "a201002100",
        "a2010022f6",
        "a20100221903e8",
        "a20100251a000f4240",
        "a20100281a3b9aca00",
        "a3010022012501",
        "8100",
        "f6",
    ] {
        assert_eq!(rule(&map(&["03", value])), "more-extensions-00 §3", "{value}");
    }
}

/// more-extensions-00 §4, with the draft's example.
#[test]
fn external_message_ids_have_a_scope() {
    let id = hex::decode("08bbeeb8175c4a64a8926a5a23bb2811").unwrap();
    let expected = ExternalMessageId { id, scope: Scope::Enterprise(311) };
    assert_eq!(extension("04", "825008bbeeb8175c4a64a8926a5a23bb2811190137"), Extension::ExternalMessageId(expected));
    let scope = |value| match extension("04", value) {
        Extension::ExternalMessageId(ExternalMessageId { scope, .. }) => scope,
        other => panic!("{other:?}"),
    };
    assert_eq!(scope("824066612e74657374"), Scope::Domain("a.test".to_owned()));
    assert_eq!(scope("8240d82063613a62"), Scope::Uri("a:b".to_owned()));
    for value in ["f6", "80", "8140", "824000", "824020", "824040", "83406161f6", "8240d8216161", "8240d82041ff", "8261616161"] {
        assert_eq!(rule(&map(&["04", value])), "more-extensions-00 §4", "{value}");
    }
}

/// more-extensions-00 §5.
#[test]
fn subjects_are_of_1_to_4096_octets() {
    assert_eq!(extension("05", "6161"), Extension::Subject("a".to_owned()));
    assert_eq!(rule(&map(&["05", "60"])), "more-extensions-00 §5");
    assert_eq!(rule(&map(&["05", "4161"])), "more-extensions-00 §5");
    assert!(MimiContent::decode(&map(&["05", &format!("791000{}", "61".repeat(4096))])).is_ok());
    assert_eq!(rule(&map(&["05", &format!("791001{}", "61".repeat(4097))])), "more-extensions-00 §5");
}

/// more-extensions-00 §6: one kind of ids, never mixed.
#[test]
fn last_seen_messages_are_of_one_kind() {
    let id = format!("5820{}", "01".repeat(32));
    let external = "82406161";
    let seen = |value: &str| extension("190100", value);
    assert_eq!(seen("80"), Extension::LastSeen(LastSeen::Messages(vec![])));
    let ids = vec![MessageId::from_bytes([1; 32]); 2];
    assert_eq!(seen(&format!("82{id}{id}")), Extension::LastSeen(LastSeen::Messages(ids)));
    let one = ExternalMessageId { id: vec![], scope: Scope::Domain("a".to_owned()) };
    assert_eq!(seen(&format!("81{external}")), Extension::LastSeen(LastSeen::External(vec![one])));
    let refused = |value: &str| rule(&map(&["190100", value]));
    assert_eq!(refused(&format!("82{id}{external}")), "more-extensions-00 §6");
    assert_eq!(refused(&format!("82{external}{id}")), "more-extensions-00 §4");
    assert_eq!(refused("f6"), "more-extensions-00 §6");
    assert_eq!(refused("814101"), "more-extensions-00 §6");
    // C-062
    assert_eq!(refused(&format!("815820{}", "02".repeat(32))), "C-062");
}

/// C-014: what nobody knows is kept, octet for octet.
#[test]
fn c_014_unknown_extensions_are_kept_verbatim() {
    let date = "c074323031332d30332d32315432303a30343a30305a";
    for (key, value) in [("00", "f7"), ("06", "f0"), ("20", date), ("6161", "a220f64020")] {
        let content = MimiContent::decode(&map(&[key, value])).unwrap();
        let Some(Extension::Unknown(unknown)) = content.extensions.iter().next() else { panic!("{key}") };
        assert_eq!(hex::encode(unknown.value().as_bytes()), value);
        assert_eq!(content.encode(), map(&[key, value]));
    }
}

/// Whoever sends an extension is told at once what is wrong with it.
#[test]
fn extensions_are_made_as_they_are_read() {
    let item = |hex: &str| Item::from_bytes(&hex::decode(hex).unwrap()).unwrap();
    assert_eq!(Extension::new(ExtensionKey::Int(5), &item("6161")), Ok(Extension::Subject("a".to_owned())));
    assert!(Extension::new(ExtensionKey::Int(5), &item("01")).is_err());
    assert!(Extension::new(ExtensionKey::Int(-5), &item("01")).is_ok());
    assert!(Extension::new(ExtensionKey::Text(String::new()), &item("01")).is_err());
    for key in [1 << 53, -(1 << 53), i64::MAX, i64::MIN] {
        let kind = CborErrorKind::KeyRange;
        assert!(matches!(Extension::new(ExtensionKey::Int(key), &item("01")), Err(DocumentError::Cbor(e)) if e.kind == kind));
    }
    assert!(Item::from_bytes(&[]).is_err());
}

fn key() -> impl Strategy<Value = ExtensionKey> {
    let bound = (1i64 << 53) - 1;
    prop_oneof![
        (-bound..=bound).prop_map(ExtensionKey::Int),
        (-300i64..300).prop_map(ExtensionKey::Int),
        "[a-z]{1,30}".prop_map(ExtensionKey::Text)
    ]
}

/// An extension of each type, within the limits.
pub(crate) fn any_extension() -> impl Strategy<Value = Extension> {
    let fraction = prop_oneof![
        (0..1000u16).prop_map(Fraction::Millis),
        (0..1_000_000u32).prop_map(Fraction::Micros),
        (0..1_000_000_000u32).prop_map(Fraction::Nanos),
    ];
    let timestamp = (any::<u64>(), proptest::option::of(fraction))
        .prop_map(|(seconds, fraction)| Extension::SenderTimestamp(SenderTimestamp { seconds, fraction }));
    let external = || {
        let scope =
            prop_oneof![(1..=u64::MAX).prop_map(Scope::Enterprise), ".*".prop_map(Scope::Domain), ".*".prop_map(Scope::Uri)];
        (proptest::collection::vec(any::<u8>(), 0..30), scope).prop_map(|(id, scope)| ExternalMessageId { id, scope })
    };
    let id = any::<[u8; 31]>().prop_map(|hash| MessageId::from_bytes([&[1], &hash[..]].concat().try_into().unwrap()));
    let items = prop_oneof![Just("f7"), Just("a0"), Just("81d8206161"), Just("f97e00"), Just("fb3ff0000000000001"), Just("3863")];
    let unknown = (key(), items).prop_filter_map("a known key", |(key, item)| {
        Extension::new(key, &Item::from_bytes(&hex::decode(item).unwrap()).unwrap()).ok()
    });
    prop_oneof![
        ".*".prop_map(Extension::SenderUri),
        ".*".prop_map(Extension::RoomUri),
        timestamp,
        external().prop_map(Extension::ExternalMessageId),
        ".{1,40}".prop_map(Extension::Subject),
        proptest::collection::vec(id, 0..4).prop_map(|ids| Extension::LastSeen(LastSeen::Messages(ids))),
        proptest::collection::vec(external(), 1..4).prop_map(|ids| Extension::LastSeen(LastSeen::External(ids))),
        unknown,
    ]
}

proptest! {
    /// C-041: keys are in the order of their encodings.
    #[test]
    fn c_041_keys_are_ordered_as_their_encodings(keys in proptest::collection::vec(key(), 0..12)) {
        let null = Item::from_bytes(&[0xf6]).unwrap();
        let known = [1, 2, 3, 4, 5, 256].map(ExtensionKey::Int);
        let unknown = keys.into_iter().filter(|key| !known.contains(key));
        let extensions: Extensions = unknown.map(|key| Extension::new(key, &null).unwrap()).collect();
        let content = MimiContent { extensions, ..content(text()) };
        prop_assert_eq!(MimiContent::decode(&content.encode()), Ok(content));
    }
}
