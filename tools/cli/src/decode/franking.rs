//! Franking [mimi-protocol-06 §5.4.1].

use super::layout::Field::Is;
use super::layout::Part::{self, Fixed, Of, Opaque, Text};
use super::layout::{PROTOCOL, Structure};
use super::mls::CREDENTIAL;

pub(super) static FRANK: Structure = Structure::new(
    ("Frank", PROTOCOL, "5.4"),
    &[
        Is("server_frank", Fixed(32)),
        Is("franking_signature_ciphersuite", Part::CIPHER_SUITE),
        Is("franking_integrity_signature", Opaque),
    ],
);

pub(super) static FRANK_AAD: Structure = Structure::new(("FrankAAD", PROTOCOL, "5.4.1"), &[Is("franking_tag", Fixed(32))]);

pub(super) static FRANKING_AGENT: Structure = Structure::new(
    ("FrankingAgentData", PROTOCOL, "5.4.1"),
    &[Is("franking_signature_key", Opaque), Is("credential", Of(&CREDENTIAL))],
);

pub(super) static SERVER_FRANKING_CONTEXT: Structure = Structure::new(
    ("ServerFrankingContext", PROTOCOL, "5.4.1.2"),
    &[Is("sender_uri", Text), Is("room_uri", Text), Is("accepted_timestamp", Part::U64)],
);
