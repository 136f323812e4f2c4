"""Operational policy [§7]"""

from ..mls_extensions_09 import MEDIA_TYPE, media_type
from ..tls import U8, U16, U32, U64, Enum, Select, Struct, Vector
from .common import BOOL, file

# G-62: WireFormat and ComponentID are numbers, ContentType is an octet, `unit64` is uint64, and there is no arm `extension`.
CAPABILITIES = Struct(
    versions=Vector(U16),
    cipher_suites=Vector(U16),
    extensions=Vector(U16),
    proposals=Vector(U16),
    credentials=Vector(U16),
    wire_formats=Vector(U16),
    component_ids=Vector(U16),
    safe_aad_types=Vector(U16),
    media_types=Vector(MEDIA_TYPE),
    content_types=Vector(U8),
)
PENDING = Struct(pending_proposal_strategy=Enum(unspecified=0, immediate_commit=1, random_delay=2)).then(
    Select("pending_proposal_strategy", random_delay={"minimum_delay_ms": U64, "maximum_delay_ms": U64})
)
TIMES = Struct(minimum_time=U64, default_time=U64, maximum_time=U64)
PARAMETERS = Struct(
    mandatory_capabilities=CAPABILITIES,
    default_capabilities=CAPABILITIES,
    forbidden_capabilities=CAPABILITIES,
    handshake_formats=Vector(U16),
    external_proposal_allowed=BOOL,
    external_commit_allowed=BOOL,
    pending_proposal_policy=PENDING,
    LeafNode_update_time=TIMES,
    app_message_policy=Struct(epoch_tolerance=U8, pad_to_size=U16, max_generations_skipahead=U32),
    max_kp_lifetime=U64,
    max_credential_lifetime=U64,
    resumption_psk_lifetime=U64,
    sender_nonce_keypair_lifetime=TIMES,
    max_keypairs=U32,
    buffer_incoming_message_time=TIMES,
    max_buffered_messages=U32,
)
NOTHING = {
    name: []
    for name in (
        "versions",
        "cipher_suites",
        "extensions",
        "proposals",
        "credentials",
        "wire_formats",
        "component_ids",
        "safe_aad_types",
        "media_types",
        "content_types",
    )
}
DAY = 86400


def times(least, default, most):
    return {"minimum_time": least, "default_time": default, "maximum_time": most}


def files():
    vectors = file("OperationalParameters", "7.1", PARAMETERS, "0x0024 mls_operational_policy", "OperationalParametersUpdate")
    mandatory = {
        "versions": [1],
        "cipher_suites": [1],
        "extensions": [6],
        "proposals": [8, 10],
        "credentials": [1, 2],
        "wire_formats": [1, 2, 3],
        "component_ids": [0x22, 0x25],
        "safe_aad_types": [0x20],
        "media_types": [media_type("application/mimi-content"), media_type("text/plain", charset="utf-8")],
        "content_types": [1, 2, 3],
    }
    delayed = {"pending_proposal_strategy": "random_delay", "minimum_delay_ms": 500, "maximum_delay_ms": 5000}
    fields = {
        "mandatory_capabilities": mandatory,
        "default_capabilities": NOTHING,
        "forbidden_capabilities": NOTHING | {"cipher_suites": [7]},
        "handshake_formats": [1],
        "external_proposal_allowed": True,
        "external_commit_allowed": False,
        "pending_proposal_policy": delayed,
        "LeafNode_update_time": times(DAY, 7 * DAY, 30 * DAY),
        "app_message_policy": {"epoch_tolerance": 2, "pad_to_size": 256, "max_generations_skipahead": 1000},
        "max_kp_lifetime": 90 * DAY,
        "max_credential_lifetime": 365 * DAY,
        "resumption_psk_lifetime": 30 * DAY,
        "sender_nonce_keypair_lifetime": times(0, 3600, DAY),
        "max_keypairs": 1000,
        "buffer_incoming_message_time": times(0, 5, 60),
        "max_buffered_messages": 100,
    }
    case = vectors.valid("everything", fields)
    vectors.valid("immediate-commit", fields | {"pending_proposal_policy": {"pending_proposal_strategy": "immediate_commit"}})
    nothing = {
        "mandatory_capabilities": NOTHING,
        "handshake_formats": [],
        "pending_proposal_policy": {"pending_proposal_strategy": "unspecified"},
    }
    vectors.valid("as-little-as-possible", fields | nothing)
    vectors.cut_and_longer(case)
    vectors.invalid("bool-2", case.put("external_commit_allowed", b"\x02"), "unknown-value", "P-007")
    vectors.invalid("strategy-3", case.head("pending_proposal_policy", b"\x03"), "unknown-value", "P-007")
    yield vectors
