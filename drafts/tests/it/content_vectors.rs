//! The examples of the draft [mimi-content-08 `examples/`].

use causeway_drafts::mimi_content_09::{Disposition, MessageId, MimiContent, NestedPart, PartBody, PartSemantics, message_id};

pub(crate) const ORIGINAL: &[u8] = include_bytes!("../../vectors/mimi-content-09/published/original.cbor");

macro_rules! vectors {
    ($($name:literal $id:literal,)*) => {
        [$(($name, include_bytes!(concat!("../../vectors/mimi-content-09/published/", $name, ".cbor")).as_slice(), $id),)*]
    };
}

/// Name, bytes, expected message id.
pub(crate) fn vectors() -> [(&'static str, &'static [u8], &'static str); 14] {
    vectors![
        "original" "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4",
        "reply" "015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27",
        "reaction" "0158c4288911e50a8f6be3f47746b6682f10fd91bc8c05557aa589a3157aff68",
        "mention" "018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af",
        "mention-html" "01967ff8e9a66819738ad5cf26d2e0388a3b81d86b0f61d129c077d043ee2a4e",
        "edit" "014028c0deddbdea56bec26172f6ede953d11024cb82b8192b5e2aea62d7fb47",
        "delete" "011d9efc78d04d4dcf4d82b07d5199bbef37011c1f0c7e004b6111c6dda504b4",
        "unlike" "013aadbb8f313253c8930f4e93c6ca54b2ed06d258185bdcec3870534c8a4ec4",
        "expiring" "01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03",
        "attachment" "0176180c7d19a925021fe446d241134d05c38e0d999cdc0f39c391d2377ed9d1",
        "conferencing" "01496d15a8dba28d7397f9868b70768e4a67f765d5b5b1ae9e03848c5fdeb0ba",
        "multipart-1" "01da5a515ec5db42cc4dcc19b90c3c31245d8a1cfcce11318f24eb11dce0990e",
        "multipart-2" "01d65918c6c51c8e76546337276ae6f4bfd873d867d5cb57c76bcdca3d999dd7",
        "multipart-3" "01cfebeadbdb83c1eefb6403ba4852daf8bbbf9cd53bf5035a74d5d741950c9f",
    ]
}

fn decoded(name: &str) -> MimiContent {
    let (_, bytes, _) = vectors().into_iter().find(|(found, _, _)| *found == name).unwrap();
    MimiContent::decode(bytes).unwrap()
}

fn id(name: &str) -> MessageId {
    vectors().into_iter().find(|(found, _, _)| *found == name).unwrap().2.parse().unwrap()
}

/// C-040: what we encode is what the draft encodes.
#[test]
fn c_040_the_examples_encode_to_themselves() {
    for (name, bytes, _) in vectors() {
        assert_eq!(hex::encode(MimiContent::decode(bytes).unwrap().encode()), hex::encode(bytes), "{name}");
    }
}

/// C-001 to C-004.
#[test]
fn c_001_the_examples_have_their_ids() {
    for (name, bytes, expected) in vectors() {
        let content = MimiContent::decode(bytes).unwrap();
        let (sender, room) = (content.sender_uri().unwrap(), content.room_uri().unwrap());
        assert_eq!(message_id(sender, room, bytes, &content.salt).to_string(), expected, "{name}");
    }
}

#[test]
fn the_original_is_read_field_by_field() {
    let content = decoded("original");
    assert_eq!(hex::encode(content.salt), "5eed9406c2545547ab6f09f20a18b003");
    assert_eq!((content.replaces, content.in_reply_to, content.expires), (None, None, None));
    assert!(content.topic_id.is_empty());
    assert_eq!(content.sender_uri(), Some("mimi://example.com/u/alice-smith"));
    assert_eq!(content.room_uri(), Some("mimi://example.com/r/engineering_team"));
    let text = "Hi everyone, we just shipped release 2.0. __Good  work__!";
    assert_eq!(content.nested_part, NestedPart::text("text/markdown;variant=GFM-MIMI", text));
}

/// The relations between the examples are those of the draft's story.
#[test]
fn the_examples_refer_to_each_other() {
    for name in ["reply", "reaction", "mention"] {
        if name != "mention" {
            assert_eq!(decoded(name).in_reply_to, Some(id("original")), "{name}");
        }
    }
    assert_eq!(decoded("edit").replaces, Some(id("reply")));
    assert_eq!(decoded("delete").replaces, Some(id("reply")));
    assert_eq!(decoded("delete").nested_part, NestedPart::null(Disposition::RENDER));
    assert_eq!(decoded("unlike").replaces, Some(id("reaction")));
    assert_eq!(decoded("unlike").nested_part, NestedPart::null(Disposition::REACTION));
}

#[test]
fn the_other_examples_carry_what_they_exercise() {
    let reaction = NestedPart::single(Disposition::REACTION, "text/plain;charset=utf-8", vec![0xE2, 0x9D, 0xA4]);
    assert_eq!(decoded("reaction").nested_part, reaction);
    let expires = decoded("expiring").expires.unwrap();
    assert_eq!((expires.relative, expires.time), (false, 1_644_390_004));
    assert_eq!(decoded("conferencing").topic_id, b"Foo 118");
    let PartBody::External(attachment) = decoded("attachment").nested_part.body else { panic!("not external") };
    assert_eq!((attachment.enc_alg, attachment.key.len(), attachment.nonce.len(), attachment.hash_alg.0), (1, 16, 12, 1));
    let PartBody::Multi { semantics, parts } = decoded("multipart-2").nested_part.body else { panic!("not multi") };
    assert_eq!((semantics, parts.len()), (PartSemantics::ProcessAll, 3));
    let PartBody::Multi { semantics, .. } = decoded("multipart-1").nested_part.body else { panic!("not multi") };
    assert_eq!(semantics, PartSemantics::ChooseOne);
}

/// C-003: lengths are octets, and keep sender and room apart.
#[test]
fn c_003_sender_and_room_do_not_run_together() {
    let id = |sender: &str, room: &str| message_id(sender, room, b"x", &[0; 16]);
    assert_ne!(id("ab", "c"), id("a", "bc"));
    assert_ne!(id("", "abc"), id("abc", ""));
    assert_eq!(id("a", "b").as_bytes()[0], 1);
}
