//! Reports of what became of messages [message-status-01].

use causeway_drafts::cbor::{CborError, CborErrorKind, DocumentError};
use causeway_drafts::mimi_content_09::MessageId;
use causeway_drafts::mimi_message_status_01::{MessageStatus, MessageStatusReport, PerMessageStatus};
use proptest::prelude::*;

use crate::content_vectors::vectors;

/// The draft's example: its text, and `status.cbor`.
const EXAMPLE: &str = "8482 5820017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f402\
    82 5820015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b2702\
    82 5820018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af00\
    82 582001e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a0303";

fn example() -> Vec<u8> {
    hex::decode(EXAMPLE.replace(' ', "")).unwrap()
}

/// C-079: the example, whose ids are those of the content draft's examples.
#[test]
fn c_079_the_example_is_read() {
    let entry = |name: &str, status| {
        let (_, _, id) = vectors().into_iter().find(|(found, _, _)| *found == name).unwrap();
        PerMessageStatus { message_id: id.parse().unwrap(), status }
    };
    let statuses = vec![
        entry("original", MessageStatus::READ),
        entry("reply", MessageStatus::READ),
        entry("mention", MessageStatus::UNREAD),
        entry("expiring", MessageStatus::EXPIRED),
    ];
    assert_eq!(example().len(), 145);
    assert_eq!(MessageStatusReport::decode(&example()), Ok(MessageStatusReport { statuses }));
}

/// C-079: unknown states are kept, up to 255.
#[test]
fn c_079_unknown_states_are_kept() {
    for status in [0, 6, 7, 23, 24, 255] {
        let entry = PerMessageStatus { message_id: MessageId::from_bytes([9; 32]), status: MessageStatus(status) };
        let report = MessageStatusReport { statuses: vec![entry] };
        assert_eq!(MessageStatusReport::decode(&report.encode()), Ok(report));
    }
}

#[test]
fn c_079_a_report_is_pairs() {
    let refused = |hex: &str| match MessageStatusReport::decode(&hex::decode(hex).unwrap()).unwrap_err() {
        DocumentError::Field { offset, rule, field, .. } => (offset, rule, field),
        other => panic!("{hex}: {other}"),
    };
    let id = |octets: usize| format!("58{octets:02x}{}", "01".repeat(octets));
    assert_eq!(MessageStatusReport::decode(&[0x80]), Ok(MessageStatusReport::default()));
    assert_eq!(refused("a0"), (0, "C-079", "the report"));
    assert_eq!(refused("8101"), (1, "C-079", "an entry"));
    assert_eq!(refused(&format!("8183{}0000", id(32))), (1, "C-079", "an entry"));
    assert_eq!(refused(&format!("8182{}00", id(31))), (2, "C-079", "messageId"));
    assert_eq!(refused(&format!("8182{}00", id(33))), (2, "C-079", "messageId"));
    assert_eq!(refused(&format!("8182{}20", id(32))), (36, "C-079", "status"));
    assert_eq!(refused(&format!("8182{}190100", id(32))), (36, "C-079", "status"));
    // In one form only.
    let form = |bytes: Vec<u8>, offset, kind| {
        assert_eq!(MessageStatusReport::decode(&bytes), Err(DocumentError::Cbor(CborError { offset, kind })));
    };
    form(hex::decode(format!("8182{}1800", id(32))).unwrap(), 36, CborErrorKind::NotShortest);
    form([example(), vec![0]].concat(), 145, CborErrorKind::Trailing);
    form(hex::decode("9fff").unwrap(), 0, CborErrorKind::Indefinite);
}

#[test]
fn every_truncation_of_a_report_is_refused() {
    for length in 0..example().len() {
        assert!(MessageStatusReport::decode(&example()[..length]).is_err());
    }
}

proptest! {
    #[test]
    fn c_079_what_decodes_encodes_to_the_same_bytes(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = example();
        let at = at.index(bytes.len());
        if cut { bytes.remove(at); } else { bytes[at] = byte; }
        if let Ok(report) = MessageStatusReport::decode(&bytes) {
            prop_assert_eq!(report.encode(), bytes);
        }
    }

    #[test]
    fn c_079_what_is_encoded_decodes(entries in proptest::collection::vec((any::<[u8; 32]>(), any::<u8>()), 0..40)) {
        let entry = |(id, status)| PerMessageStatus { message_id: MessageId::from_bytes(id), status: MessageStatus(status) };
        let report = MessageStatusReport { statuses: entries.into_iter().map(entry).collect() };
        prop_assert_eq!(MessageStatusReport::decode(&report.encode()), Ok(report));
    }
}
