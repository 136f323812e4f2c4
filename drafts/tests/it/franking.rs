//! Franking [mimi-protocol-06 §5.4.1].

use causeway_drafts::application::{FramingError, frame, unframe};
use causeway_drafts::encode;
use causeway_drafts::mimi_content_09::MimiContent;
use causeway_drafts::mimi_protocol_06::franking::{Frank, ServerFrankingContext, franking_tag, server_frank, sign_content};

use crate::content_vectors::ORIGINAL;

fn context() -> ServerFrankingContext {
    let content = MimiContent::decode(ORIGINAL).unwrap();
    ServerFrankingContext {
        sender_uri: content.sender_uri().unwrap().parse().unwrap(),
        room_uri: content.room_uri().unwrap().parse().unwrap(),
        accepted_timestamp: 1_644_387_225_019,
    }
}

/// Derived vectors: key = the original's salt.
#[test]
fn p_053_the_tag_commits_to_the_application_data() {
    let salt = MimiContent::decode(ORIGINAL).unwrap().salt;
    let tag = |data: &[u8]| hex::encode(franking_tag(&salt, data));
    assert_eq!(tag(ORIGINAL), "a9a69f1d2fe6f37984190c093ecb8a10d647093db735fb7ba926bfdccff4c2bf");
    assert_eq!(tag(&frame(ORIGINAL)), "cac50818a758d500a44109d35073e0ce59d35c81f68eaf911c5b930d014034d0");
    // ApplicationFraming with a zero-length type: no type, no parameters, content<V> of 193 octets.
    let zero = [&[0, 0, 0x40, 193], ORIGINAL].concat();
    assert_eq!(tag(&zero), "728037c40a60ea96a1d2b15c43fca2415728e15f9f9a8114c52660c287688813");
}

#[test]
fn p_056_the_context_is_names_and_time() {
    let encoded = hex::encode(encode(&context()));
    assert!(encoded.starts_with("206d696d69"), "{encoded}");
    assert!(encoded[66..].starts_with("256d696d69"), "{encoded}");
    assert!(encoded.ends_with("0000017edd1dcdbb"), "{encoded}");
    let tag = [1; 32];
    let frank = server_frank(&[2; 32], &tag, &context());
    assert_ne!(frank, server_frank(&[3; 32], &tag, &context()));
    assert_ne!(frank, server_frank(&[2; 32], &[2; 32], &context()));
    let later = ServerFrankingContext { accepted_timestamp: context().accepted_timestamp + 1, ..context() };
    assert_ne!(frank, server_frank(&[2; 32], &tag, &later));
}

/// SignContent [RFC 9420 §5.1.2]: label<V> with "MLS 1.0 " before it, content<V>.
#[test]
fn p_057_the_integrity_signature_is_labelled() {
    let mut signed = Vec::new();
    let frank = Frank::sign([5; 32], 1, &context(), |content| {
        signed = content.to_vec();
        Ok::<_, ()>(vec![9; 64])
    })
    .unwrap();
    assert_eq!(frank.signed_content(&context()), signed);
    let tbs = [&[5; 32], [0, 1].as_slice(), &encode(&context())].concat();
    assert_eq!(signed, sign_content("FrankingIntegrityTBS", &tbs));
    let label = b"MLS 1.0 FrankingIntegrityTBS";
    assert_eq!(signed[0] as usize, label.len());
    assert_eq!(&signed[1..=label.len()], label);
    assert_eq!(Frank::from_bytes(&frank.to_bytes()), Ok(frank));
}

/// P-128: application_data names what it is.
#[test]
fn p_128_application_data_is_framed() {
    assert_eq!(unframe(&frame(ORIGINAL)).unwrap(), ORIGINAL);
    let zero = [&[0, 0, 0x40, 193], ORIGINAL].concat();
    assert_eq!(unframe(&zero).unwrap(), ORIGINAL);
    let other = [&[10], b"text/plain".as_slice(), &[0, 1, b'x']].concat();
    assert_eq!(unframe(&other), Err(FramingError::OtherMediaType("text/plain".to_owned())));
    assert_eq!(unframe(ORIGINAL), Err(FramingError::Malformed));
    let framed = frame(ORIGINAL);
    for length in 0..framed.len() {
        assert!(unframe(&framed[..length]).is_err(), "cut at {length}");
    }
    assert_eq!(unframe(&[framed.as_slice(), &[0]].concat()), Err(FramingError::Malformed));
}
