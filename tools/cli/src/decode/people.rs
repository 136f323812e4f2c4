//! Bodies of the endpoints about users: consent, queries, reports [mimi-protocol-06 §5.7 to §5.9].

use super::components::DICTIONARY;
use super::franking::FRANK;
use super::layout::Field::{Case, Inside, Is};
use super::layout::Part::{self, Each, Enum, Of, Optional, Text};
use super::layout::{PROTOCOL, Structure};
use super::mls::KEY_PACKAGE;

pub(super) static CONSENT_ENTRY: Structure = Structure::new(
    ("ConsentEntry", PROTOCOL, "5.7"),
    &[
        Is("consentOperation", Enum(1, &[(0, "cancel"), (1, "request"), (2, "grant"), (3, "revoke")])),
        Is("requesterUri", Text),
        Is("targetUri", Text),
        Is("roomId", Optional(&Text)),
        Case("consentOperation", &["grant"], &[Is("clientKeyPackages", Each(&Of(&KEY_PACKAGE)))]),
        Is("consent_extensions", Of(&DICTIONARY)),
    ],
);

pub(super) static IDENTIFIER_REQUEST: Structure = Structure::new(
    ("IdentifierRequest", PROTOCOL, "5.8"),
    &[Is("query_elements", Each(&Of(&QUERY_ELEMENT))), Is("id_request_extensions", Of(&DICTIONARY))],
);

pub(super) static QUERY_ELEMENT: Structure = Structure::new(
    ("QueryElement", PROTOCOL, "5.8"),
    &[
        Is(
            "searchType",
            Enum(
                1,
                &[
                    (1, "handle"),
                    (2, "nick"),
                    (3, "email"),
                    (4, "phone"),
                    (5, "partialName"),
                    (6, "wholeProfile"),
                    (7, "oidcStdClaim"),
                    (8, "vcardField"),
                ],
            ),
        ),
        Case("searchType", &["oidcStdClaim"], &[Is("claimName", Text)]),
        Case("searchType", &["vcardField"], &[Is("propertyName", Text)]),
        Is("searchValue", Text),
    ],
);

pub(super) static IDENTIFIER_RESPONSE: Structure = Structure::new(
    ("IdentifierResponse", PROTOCOL, "5.8"),
    &[
        Is(
            "responseCode",
            Enum(1, &[(0, "success"), (1, "notFound"), (2, "ambiguous"), (3, "forbidden"), (4, "unsupportedField")]),
        ),
        Is("uri", Each(&Text)),
        Is("foundProfiles", Each(&Of(&USER_PROFILE))),
        Is("id_response_extensions", Of(&DICTIONARY)),
    ],
);

pub(super) static USER_PROFILE: Structure =
    Structure::new(("UserProfile", PROTOCOL, "5.8"), &[Is("stableUri", Text), Is("fields", Each(&Of(&PROFILE_FIELD)))]);

pub(super) static PROFILE_FIELD: Structure = Structure::new(
    ("ProfileField", PROTOCOL, "5.8"),
    &[Is("fieldSource", Enum(1, &[(7, "oidcStdClaim"), (8, "vcardField")])), Is("fieldName", Text), Is("fieldValue", Text)],
);

pub(super) static ABUSE_REPORT: Structure = Structure::new(
    ("AbuseReport", PROTOCOL, "5.9"),
    &[
        Is("reportingUser", Text),
        Is("allegedAbuserUri", Text),
        Is("reasonCode", Enum(1, &[(0, "reserved")])),
        Is("note", Text),
        Is("messages", Each(&Of(&ABUSIVE_MESSAGE))),
        Is("abuse_extensions", Of(&DICTIONARY)),
    ],
);

/// The content is application_data, as received (G-34).
pub(super) static ABUSIVE_MESSAGE: Structure = Structure::new(
    ("AbusiveMessage", PROTOCOL, "5.9"),
    &[
        Inside("message_content", |_, octets| super::components::APPLICATION_FRAMING.of(octets)),
        Is("frank", Of(&FRANK)),
        Is("accepted_timestamp", Part::U64),
    ],
);
