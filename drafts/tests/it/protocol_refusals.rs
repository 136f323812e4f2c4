//! What we do not support is refused by its own name; what stands in the wrong place, by its rule.

use causeway_drafts::mimi_protocol_06::franking::Frank;
use causeway_drafts::mimi_protocol_06::message::{Message, MessageKind};
use causeway_drafts::mimi_protocol_06::notify::FanoutMessage;
use causeway_drafts::mimi_protocol_06::ratchet_tree::{GroupInfoOption, PartialGroupInfo, RatchetTreeOption, RatchetTreePresence};
use causeway_drafts::mimi_protocol_06::submit_message::SubmitMessageRequest;
use causeway_drafts::mimi_protocol_06::update::UpdateRequest;
use causeway_drafts::{DecodeError, decode_exact, encode};
use proptest::prelude::*;

use crate::support::mls;

/// The same message in another wire format.
fn in_format(message: &[u8], format: u16) -> Vec<u8> {
    [&message[..2], &format.to_be_bytes(), &message[4..]].concat()
}

/// G-25
#[test]
fn g_25_semi_private_messages_are_refused_by_name() {
    let semi_private = in_format(&mls().commit, 0xF030);
    assert_eq!(Message::from_bytes(&semi_private).unwrap_err(), DecodeError::SemiPrivateMessage);
    let mut update = encode(&UpdateRequest::commit(&mls().commit, None, &mls().group_info, &mls().tree).unwrap());
    update[2..4].copy_from_slice(&0xF030u16.to_be_bytes());
    assert_eq!(decode_exact::<UpdateRequest>(&update).unwrap_err(), DecodeError::SemiPrivateMessage);
    let fanout = FanoutMessage::commit(1, &mls().commit, &[]).unwrap().to_bytes();
    let fanout = [&fanout[..10], &[0xF0, 0x30], &fanout[12..]].concat();
    assert_eq!(FanoutMessage::decode_body(&fanout).unwrap_err(), DecodeError::SemiPrivateMessage);
    for format in [0, 6, 7, 0xF031, 0xFFFF] {
        assert_eq!(Message::from_bytes(&in_format(&mls().commit, format)).unwrap_err(), DecodeError::UnknownWireFormat(format));
    }
}

/// G-23: a partial GroupInfo is read as what it is, and refused where the whole is asked for.
#[test]
fn g_23_partial_group_infos_are_refused_by_name() {
    let option = encode(&GroupInfoOption::full(&mls().group_info).unwrap());
    assert_eq!(option[0], 1);
    let partial = PartialGroupInfo {
        ratchet_tree_presence: RatchetTreePresence::NoRatchetTree,
        group_info_extensions: Vec::new(),
        signature: vec![1; 64].into(),
    };
    let partial = GroupInfoOption::Partial(partial);
    assert_eq!(decode_exact::<GroupInfoOption>(&encode(&partial)).as_ref(), Ok(&partial));
    assert_eq!(partial.full_bytes().unwrap_err(), DecodeError::PartialGroupInfo);
    for code in [0, 3, 255] {
        let unknown = [&[code], &option[1..]].concat();
        assert!(matches!(decode_exact::<GroupInfoOption>(&unknown), Err(DecodeError::Malformed(_))));
    }
}

/// G-22: other ways to hand over a tree are understood, not followed.
#[test]
fn g_22_trees_elsewhere_are_refused_by_name() {
    for option in [
        RatchetTreeOption::DistributionService,
        RatchetTreeOption::HttpsUri { url: b"https://x.test".to_vec().into() },
        RatchetTreeOption::OutOfBand,
    ] {
        assert_eq!(decode_exact::<RatchetTreeOption>(&encode(&option)), Ok(option.clone()));
        assert_eq!(option.full_bytes().unwrap_err(), DecodeError::RatchetTreeRepresentation);
    }
    assert!(decode_exact::<RatchetTreeOption>(&[0]).is_err());
    assert!(decode_exact::<RatchetTreeOption>(&[5]).is_err());
}

/// G-22: -03 had a signature behind the URL, and one where the tree is known from elsewhere.
#[test]
fn g_22_trees_elsewhere_have_no_signature() {
    assert_eq!(encode(&RatchetTreeOption::OutOfBand), [3]);
    assert_eq!(encode(&RatchetTreeOption::HttpsUri { url: b"a".to_vec().into() }), [2, 1, b'a']);
    for (body, offset) in [(&[3, 1, 9][..], 1), (&[2, 1, b'a', 1, 9], 3)] {
        assert_eq!(decode_exact::<RatchetTreeOption>(body), Err(DecodeError::Trailing { offset, length: 2 }));
    }
}

#[test]
fn messages_are_told_apart() {
    for (bytes, kind) in [
        (&mls().commit, MessageKind::Commit),
        (&mls().proposal, MessageKind::Proposal),
        (&mls().application, MessageKind::Application),
    ] {
        assert_eq!(Message::from_bytes(bytes).unwrap().value().kind(), kind);
    }
}

/// P-037, P-043: each place takes its kind.
#[test]
fn p_037_a_message_in_the_wrong_place_is_refused() {
    let mls = mls();
    let user = || "mimi://a.test/u/alice".parse().unwrap();
    assert!(UpdateRequest::commit(&mls.proposal, None, &mls.group_info, &mls.tree).is_err());
    assert!(UpdateRequest::commit(&mls.application, None, &mls.group_info, &mls.tree).is_err());
    assert!(UpdateRequest::proposals(std::slice::from_ref(&mls.commit)).is_err());
    assert!(UpdateRequest::proposals(&[]).is_err());
    assert!(UpdateRequest::proposals(&[mls.proposal.clone(), mls.commit.clone()]).is_err());
    assert!(SubmitMessageRequest::new(&mls.commit, user()).is_err());
    assert!(FanoutMessage::application(1, &mls.commit, None).is_err());
    assert!(FanoutMessage::commit(1, &mls.application, &[]).is_err());
    assert!(FanoutMessage::commit(1, &mls.commit, &[&mls.commit]).is_err());
    assert!(FanoutMessage::proposals(1, &mls.proposal, &[&mls.commit]).is_err());
    // Over the wire as well, where nobody called a constructor.
    assert!(decode_exact::<UpdateRequest>(&mls.application).is_err());
    let key_package = [&[0, 1, 0, 5], mls.key_package.as_slice()].concat();
    assert!(decode_exact::<UpdateRequest>(&key_package).is_err());
    let submitted = encode(&SubmitMessageRequest::new(&mls.application, user()).unwrap());
    let with_commit = [&submitted[..1], &mls.commit, &encode(&user())].concat();
    let decoded = decode_exact::<SubmitMessageRequest>(&with_commit);
    assert!(decoded.is_err() || decoded.unwrap().app_message.value().kind() != MessageKind::Application);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A flipped octet is refused or understood; it never brings a panic, nor memory that the body does not have.
    #[test]
    fn altered_bodies_do_not_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mls = mls();
        let update = encode(&UpdateRequest::commit(&mls.commit, Some(&mls.welcome), &mls.group_info, &mls.tree).unwrap());
        let notify = FanoutMessage::application(1, &mls.application, None).unwrap().to_bytes();
        for mut body in [update, notify] {
            let at = at.index(body.len());
            body[at] = byte;
            let _update = decode_exact::<UpdateRequest>(&body);
            let _notify = FanoutMessage::decode_body(&body);
            let _frank = Frank::from_bytes(&body);
        }
    }

    #[test]
    fn arbitrary_bodies_do_not_panic(body in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _update = decode_exact::<UpdateRequest>(&body);
        let _notify = FanoutMessage::decode_body(&body);
        let _submit = decode_exact::<SubmitMessageRequest>(&body);
    }
}
