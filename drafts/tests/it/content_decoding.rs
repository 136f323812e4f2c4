//! Exactly what the draft allows, and nothing that only looks like it.

use causeway_drafts::cbor::{CborError, CborErrorKind, DocumentError, Item};
use causeway_drafts::mimi_content_09::{
    Disposition, Expiration, Extension, ExtensionKey, Extensions, ExternalPart, HashAlgorithm, MessageId, MimiContent, NestedPart,
    PartBody, PartSemantics,
};
use proptest::prelude::*;

use crate::content_extensions::any_extension;
use crate::content_vectors::{ORIGINAL, vectors};

pub(crate) fn content(nested_part: NestedPart) -> MimiContent {
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

fn multi(parts: Vec<NestedPart>) -> NestedPart {
    let body = PartBody::Multi { semantics: PartSemantics::ProcessAll, parts };
    NestedPart { disposition: Disposition::RENDER, language: String::new(), body }
}

pub(crate) fn text() -> NestedPart {
    NestedPart::text("text/plain", "x")
}

fn cbor_error(bytes: &[u8]) -> CborErrorKind {
    match MimiContent::decode(bytes) {
        Err(DocumentError::Cbor(error)) => error.kind,
        other => panic!("not a CBOR error: {other:?}"),
    }
}

pub(crate) fn rule(bytes: &[u8]) -> &'static str {
    match MimiContent::decode(bytes) {
        Err(DocumentError::Field { rule, .. } | DocumentError::Limit { rule, .. }) => rule,
        other => panic!("not refused by a rule: {other:?}"),
    }
}

/// The original with some bytes in another form.
fn replaced(from: &str, to: &str) -> Vec<u8> {
    let original = hex::encode(ORIGINAL);
    let changed = original.replacen(from, to, 1);
    assert_ne!(changed, original, "{from} does not occur");
    hex::decode(changed).unwrap()
}

/// What no example covers: relative expiry, single unit, negative and text keys, an aad.
#[test]
fn what_the_examples_leave_out_survives_too() {
    let external = ExternalPart {
        content_type: "video/mp4".to_owned(),
        url: "https://a.test/x".to_owned(),
        expires: 5,
        size: u64::MAX,
        enc_alg: 1,
        key: vec![1; 16],
        nonce: vec![2; 12],
        aad: vec![3],
        hash_alg: HashAlgorithm::SHA_256,
        content_hash: vec![4; 32],
        description: "äöü".to_owned(),
        filename: "x.mp4".to_owned(),
    };
    let part = |disposition, body| NestedPart { disposition, language: "de".to_owned(), body };
    let unit = PartBody::Multi {
        semantics: PartSemantics::SingleUnit,
        parts: vec![text(), part(Disposition::PREVIEW, PartBody::External(Box::new(external)))],
    };
    let unknown = |key, value| Extension::new(key, &Item::from_bytes(value).unwrap()).unwrap();
    let extensions = [
        Extension::SenderUri("mimi://a.test/u/x".to_owned()),
        unknown(ExtensionKey::Int(-1), b"\xf5"),
        unknown(ExtensionKey::Int(255), b"\xf7"),
        unknown(ExtensionKey::Text("a".to_owned()), b"\x81\x01"),
    ];
    let content = MimiContent {
        replaces: Some(MessageId::from_bytes([1; 32])),
        topic_id: vec![9; 4096],
        expires: Some(Expiration { relative: true, time: u32::MAX }),
        extensions: extensions.into_iter().collect(),
        ..content(part(Disposition(200), unit))
    };
    assert_eq!(MimiContent::decode(&content.encode()), Ok(content));
}

/// C-040: one form of everything, and each other form has its own error, at its byte.
#[test]
fn c_040_other_forms_are_refused() {
    let refused = |bytes: &[u8], offset, kind| {
        assert_eq!(MimiContent::decode(bytes), Err(DocumentError::Cbor(CborError { offset, kind })), "{}", hex::encode(bytes));
    };
    // null and the empty topic: f6 40; the salt's head: 50.
    refused(&replaced("50", "5810"), 1, CborErrorKind::NotShortest);
    refused(&replaced("f640", "f65800"), 19, CborErrorKind::NotShortest);
    refused(&replaced("f640", "f65fff"), 19, CborErrorKind::Indefinite);
    let indefinite = [&[0x9f], &ORIGINAL[1..], &[0xff]].concat();
    refused(&indefinite, 0, CborErrorKind::Indefinite);
    refused(&replaced("f640", "f6ff"), 19, CborErrorKind::Indefinite);
    refused(&replaced("f640", "f65c"), 19, CborErrorKind::Reserved);
    refused(&replaced("f640", "f6f818"), 19, CborErrorKind::Reserved);
    refused(&[ORIGINAL, &[0]].concat(), ORIGINAL.len(), CborErrorKind::Trailing);
    refused(&[], 0, CborErrorKind::Truncated);
    refused(&ORIGINAL[..19], 19, CborErrorKind::Truncated);
    refused(&ORIGINAL[..10], 1, CborErrorKind::TooLong);
    refused(&[0x87], 0, CborErrorKind::TooLong);
}

/// C-040: floats and bignums have one form, too.
#[test]
fn c_040_floats_and_bignums_have_one_form() {
    let value = |value: &str| MimiContent::decode(&map(&["07", value]));
    // 1.5, the greatest and the smallest half, infinity; as single and double.
    for short in ["f93e00", "f97bff", "f90001", "f903ff", "f90400", "f97c00", "f9fc00", "f98000"] {
        assert!(value(short).is_ok(), "{short}");
    }
    for long in [
        "fa3fc00000",
        "fa477fe000",
        "fa33800000",
        "fa387fc000",
        "fa38800000",
        "fa7f800000",
        "faff800000",
        "fa80000000",
        "fb3ff8000000000000",
        "fb7ff0000000000000",
        "fb8000000000000000",
        "fb36a0000000000000",
    ] {
        assert_eq!(cbor_error(&map(&["07", long])), CborErrorKind::NotShortest, "{long}");
    }
    // What no shorter float holds: 65536, 2^-25, 2^-24 and a bit, 1 and a bit; as double what no single holds.
    for needed in [
        "fa47800000",
        "fa33000000",
        "fa33c00000",
        "fa3f800001",
        "fa00000001",
        "fb3690000000000000",
        "fb3ff0000000000001",
        "fb0000000000000001",
    ] {
        assert!(value(needed).is_ok(), "{needed}");
    }
    assert!(value("c249010000000000000000").is_ok());
    assert!(value("c349010000000000000000").is_ok());
    for bignum in ["c248ffffffffffffffff", "c240", "c24a00010000000000000000", "c349000100000000000000", "c201", "c360"] {
        let error = cbor_error(&map(&["07", bignum]));
        assert_eq!(error, CborErrorKind::Bignum, "{bignum}");
    }
}

/// C-041, C-013: keys in order, once.
#[test]
fn c_041_map_keys_are_sorted_and_unique() {
    assert_eq!(cbor_error(&map(&["01", "6161", "01", "6161"])), CborErrorKind::DuplicateKey);
    assert_eq!(cbor_error(&map(&["02", "6161", "01", "6161"])), CborErrorKind::Unsorted);
    // Bytewise, not length-first: 257 before "a".
    assert!(MimiContent::decode(&map(&["190101", "6161", "6161", "6161"])).is_ok());
    assert_eq!(cbor_error(&map(&["6161", "6161", "190101", "6161"])), CborErrorKind::Unsorted);
}

/// A document with a given extension map, entries in hex.
pub(crate) fn map(entries: &[&str]) -> Vec<u8> {
    let map = format!("{:02x}{}", 0xa0 + entries.len() / 2, entries.concat());
    let document = hex::encode(content(text()).encode());
    hex::decode(document.replacen("f6a0", &format!("f6{map}"), 1)).unwrap()
}

#[test]
fn c_043_extension_keys_have_bounds() {
    // ±(2^53−1) and one more.
    assert!(MimiContent::decode(&map(&["1b001fffffffffffff", "f6"])).is_ok());
    assert_eq!(cbor_error(&map(&["1b0020000000000000", "f6"])), CborErrorKind::KeyRange);
    assert!(MimiContent::decode(&map(&["3b001ffffffffffffe", "f6"])).is_ok());
    assert_eq!(cbor_error(&map(&["3b001fffffffffffff", "f6"])), CborErrorKind::KeyRange);
    assert_eq!(cbor_error(&map(&["07", "a13b001ffffffffffffff6"])), CborErrorKind::KeyRange);
    assert!(MimiContent::decode(&map(&["07", "a13b001ffffffffffffef6"])).is_ok());
    assert!(MimiContent::decode(&map(&[&format!("78ff{}", "61".repeat(255)), "f6"])).is_ok());
    assert_eq!(rule(&map(&[&format!("790100{}", "61".repeat(256)), "f6"])), "C-043");
    assert_eq!(rule(&map(&["40", "f6"])), "C-043");
    // C-015: sender and room are text.
    assert_eq!(rule(&map(&["01", "4161"])), "C-015");
    // C-044: no key of another type, however deep.
    assert_eq!(cbor_error(&map(&["07", "a1f5f6"])), CborErrorKind::KeyType);
}

#[test]
fn c_050_extensions_nest_four_levels() {
    assert!(MimiContent::decode(&map(&["07", "81818101"])).is_ok());
    assert_eq!(rule(&map(&["07", "8181818101"])), "C-050");
    // The draft's own example, whose fourth level is a tag; and a tag more.
    assert!(MimiContent::decode(&map(&["07", "8182421234d82072687474703a2f2f6578616d706c652e636f6d"])).is_ok());
    assert!(MimiContent::decode(&map(&["07", "8181d82060"])).is_ok());
    assert_eq!(rule(&map(&["07", "8181d820d82060"])), "C-050");
}

#[test]
fn c_046_there_is_one_nan() {
    assert!(MimiContent::decode(&map(&["07", "f97e00"])).is_ok());
    assert_eq!(cbor_error(&map(&["07", "fa7fc00000"])), CborErrorKind::Nan);
    assert_eq!(cbor_error(&map(&["07", "f97e01"])), CborErrorKind::Nan);
}

#[test]
fn c_047_text_is_utf_8() {
    assert_eq!(cbor_error(&map(&["07", "62c328"])), CborErrorKind::Utf8);
}

#[test]
fn c_049_parts_nest_four_levels() {
    let nested = |levels: usize| (1..levels).fold(text(), |part, _| multi(vec![part, text()]));
    assert!(MimiContent::decode(&content(nested(4)).encode()).is_ok());
    assert_eq!(rule(&content(nested(5)).encode()), "C-049");
}

#[test]
fn c_068_there_are_at_most_1024_parts() {
    assert!(MimiContent::decode(&content(multi(vec![text(); 1023])).encode()).is_ok());
    assert_eq!(rule(&content(multi(vec![text(); 1024])).encode()), "C-068");
}

#[test]
fn fields_are_what_the_schema_says() {
    assert_eq!(rule(&content(multi(vec![text()])).encode()), "C-018");
    let long = MimiContent { topic_id: vec![0; 4097], ..content(text()) };
    assert_eq!(rule(&long.encode()), "C-065");
    // C-062: an id of another hash algorithm.
    let other = MimiContent { replaces: Some(MessageId::from_bytes([2; 32])), ..content(text()) };
    assert_eq!(rule(&other.encode()), "C-062");
    // C-005: 15 and 17 octets of salt.
    assert_eq!(rule(&replaced("505eed9406c2545547ab6f09f20a18b003", "4f5eed9406c2545547ab6f09f20a18b0")), "C-005");
    assert_eq!(rule(&replaced("505eed9406c2545547ab6f09f20a18b003", "515eed9406c2545547ab6f09f20a18b00300")), "C-005");
    // C-006: six or eight fields.
    assert_eq!(rule(&hex::decode("86505eed9406c2545547ab6f09f20a18b003f640f6f6a0").unwrap()), "C-006");
    for bytes in ["00", "80", "a0", "f6", "60"] {
        assert_eq!(rule(&hex::decode(bytes).unwrap()), "C-006", "{bytes}");
    }
    // C-029: a key without an algorithm.
    let keyed = ExternalPart {
        content_type: String::new(),
        url: String::new(),
        expires: 0,
        size: 0,
        enc_alg: 0,
        key: vec![1],
        nonce: vec![],
        aad: vec![],
        hash_alg: HashAlgorithm::NONE,
        content_hash: vec![],
        description: String::new(),
        filename: String::new(),
    };
    let part =
        NestedPart { disposition: Disposition::ATTACHMENT, language: String::new(), body: PartBody::External(Box::new(keyed)) };
    assert_eq!(rule(&content(part).encode()), "C-029");
    // C-069: unknown semantics.
    let known = hex::encode(content(multi(vec![text(), text()])).encode());
    let unknown = known.replacen("0302828501", "0303828501", 1);
    assert_ne!(known, unknown);
    assert_eq!(rule(&hex::decode(unknown).unwrap()), "C-069");
}

/// C-016: every cardinality with every length.
#[test]
fn c_016_a_part_has_the_length_of_its_cardinality() {
    let prefix = content(text()).encode();
    let prefix = &prefix[..prefix.len() - encoded_part(&text()).len()];
    // 16 fields, of which the fourth and fifth fit a single part.
    for cardinality in 0..=4u8 {
        for length in 0..=16u8 {
            let fields = [&[1, 0x60, cardinality, 0x60, 0x40][..], &[0x40; 11]].concat();
            let document = [prefix, &[0x80 | length], &fields[..length.into()]].concat();
            let accepted = MimiContent::decode(&document);
            match (cardinality, length) {
                (0, 3) | (1, 5) => assert!(accepted.is_ok(), "{cardinality} of {length}"),
                // A text is no semantics and no URL.
                (3, 5) | (2, 15) => assert!(matches!(rule(&document), "C-016" | "C-027"), "{cardinality} of {length}"),
                _ => assert_eq!(rule(&document), "C-016", "{cardinality} of {length}"),
            }
        }
    }
}

/// C-027: an external part's fields, each in its range.
#[test]
fn c_027_external_parts_have_twelve_fields() {
    let fields = ["60", "60", "1affffffff", "1bffffffffffffffff", "19ffff", "41ff", "41ff", "41ff", "18ff", "41ff", "60", "60"];
    let part = |fields: &[&str]| format!("8f0660 02{}", fields.concat()).replace(' ', "");
    let document = |part: &str| {
        let whole = hex::encode(content(text()).encode());
        hex::decode(whole.replace(&hex::encode(encoded_part(&text())), part)).unwrap()
    };
    assert!(MimiContent::decode(&document(&part(&fields))).is_ok());
    for (index, beyond) in [(2, "1b0000000100000000"), (3, "20"), (4, "1a00010000"), (8, "190100")] {
        let mut changed = fields;
        changed[index] = beyond;
        assert_eq!(rule(&document(&part(&changed))), "C-027", "{index}");
    }
    for (index, field) in fields.into_iter().enumerate() {
        let mut changed = fields;
        changed[index] = if field == "60" { "40" } else { "60" };
        assert_eq!(rule(&document(&part(&changed))), "C-027", "{index}");
    }
}

/// C-023: a language tag that is none does not matter.
#[test]
fn c_023_languages_are_kept_as_they_are() {
    for language in ["", "de", "de, en", "not a tag,,", "\u{0}"] {
        let content = content(NestedPart { language: language.to_owned(), ..text() });
        assert_eq!(MimiContent::decode(&content.encode()), Ok(content));
    }
}

fn encoded_part(part: &NestedPart) -> Vec<u8> {
    let of = |part: &NestedPart| content(part.clone()).encode();
    let null = of(&NestedPart::null(Disposition::RENDER));
    // 83 01 60 00
    of(part)[null.len() - 4..].to_vec()
}

/// P-007 for content: no prefix of a document is a document, and none brings a panic.
#[test]
fn every_truncation_is_refused() {
    for (name, bytes, _) in vectors() {
        for length in 0..bytes.len() {
            assert!(MimiContent::decode(&bytes[..length]).is_err(), "{name} cut at {length}");
        }
    }
}

/// A length that promises gigabytes reserves none, and deep nesting does not exhaust the stack.
#[test]
fn hostile_lengths_and_depths_are_cheap() {
    for head in ["9bffffffffffffffff", "bbffffffffffffffff", "5bffffffffffffffff", "7bffffffffffffffff", "9a7fffffff"] {
        assert!(MimiContent::decode(&hex::decode(head).unwrap()).is_err());
    }
    assert_eq!(cbor_error(&[0x81; 100_000]), CborErrorKind::TooDeep);
    assert_eq!(cbor_error(&[0xc1; 100_000]), CborErrorKind::TooDeep);
}

fn any_part() -> impl Strategy<Value = NestedPart> {
    let blob = || proptest::collection::vec(any::<u8>(), 0..300);
    let external = (".*", any::<(u32, u64, u8)>(), 1..=u16::MAX, [blob(), blob(), blob(), blob()]);
    let external = external.prop_map(|(text, (expires, size, hash), enc_alg, [key, nonce, aad, content_hash])| {
        PartBody::External(Box::new(ExternalPart {
            content_type: text.clone(),
            url: text.clone(),
            expires,
            size,
            enc_alg,
            key,
            nonce,
            aad,
            hash_alg: HashAlgorithm(hash),
            content_hash,
            description: text.clone(),
            filename: text,
        }))
    });
    let single = (".*", blob()).prop_map(|(content_type, content)| PartBody::Single { content_type, content });
    let body = prop_oneof![Just(PartBody::Null), single, external];
    let leaf = (any::<u8>(), ".*", body).prop_map(|(disposition, language, body)| NestedPart {
        disposition: Disposition(disposition),
        language,
        body,
    });
    let semantics = prop_oneof![Just(PartSemantics::ChooseOne), Just(PartSemantics::SingleUnit), Just(PartSemantics::ProcessAll)];
    leaf.prop_recursive(3, 30, 5, move |inner| {
        (semantics.clone(), proptest::collection::vec(inner, 2..5))
            .prop_map(|(semantics, parts)| NestedPart { body: PartBody::Multi { semantics, parts }, ..text() })
    })
}

fn any_content() -> impl Strategy<Value = MimiContent> {
    let id = || {
        proptest::option::of(
            any::<[u8; 31]>().prop_map(|hash| MessageId::from_bytes([&[1], &hash[..]].concat().try_into().unwrap())),
        )
    };
    let expires = proptest::option::of(any::<(bool, u32)>().prop_map(|(relative, time)| Expiration { relative, time }));
    let topic = proptest::collection::vec(any::<u8>(), 0..40);
    let extensions = proptest::collection::vec(any_extension(), 0..8).prop_map(Extensions::from_iter);
    (any::<[u8; 16]>(), id(), topic, expires, id(), extensions, any_part()).prop_map(
        |(salt, replaces, topic_id, expires, in_reply_to, extensions, nested_part)| MimiContent {
            salt,
            replaces,
            topic_id,
            expires,
            in_reply_to,
            extensions,
            nested_part,
        },
    )
}

proptest! {
    /// Whatever decodes is in its one form; nothing panics.
    #[test]
    fn c_040_what_decodes_encodes_to_the_same_bytes(
        vector in 0..14usize, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut bytes = vectors()[vector].1.to_vec();
        let at = at.index(bytes.len());
        if cut { bytes.remove(at); } else { bytes[at] = byte; }
        if let Ok(content) = MimiContent::decode(&bytes) {
            prop_assert_eq!(content.encode(), bytes);
        }
    }

    /// What is made of the types, within the limits, comes back.
    #[test]
    fn c_040_what_is_encoded_decodes(content in any_content()) {
        prop_assert_eq!(MimiContent::decode(&content.encode()), Ok(content));
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _decoded = MimiContent::decode(&bytes);
    }
}
