"""Submit a Message [§5.4]"""

from .. import mls, uri
from ..inputs import ALICE, MLS, NOW, ROOM
from ..tls import U16, U64, Enum, Octets, Optional, Select, Struct
from .common import OPAQUE, PROTOCOL, file

FRANK = Struct(server_frank=Octets(32), franking_signature_ciphersuite=U16, franking_integrity_signature=OPAQUE)
A_FRANK = {"server_frank": "f0" * 32, "franking_signature_ciphersuite": 1, "franking_integrity_signature": "51" * 64}
REQUEST = Struct(protocol=PROTOCOL, appMessage=mls.message("P-043", "application"), sendingUri=uri.USER)
# The select says `success` where the enumerator is `accepted`.
RESPONSE = Struct(protocol=PROTOCOL, statusCode=Enum(accepted=0, notAllowed=1, epochTooOld=2)).then(
    Select("statusCode", accepted={"accepted_timestamp": U64, "frank": Optional(FRANK)}, epochTooOld={"currentEpoch": U64})
)


def request():
    vectors = file("SubmitMessageRequest", "5.4", REQUEST)
    case = vectors.valid("message", {"protocol": "mls10", "appMessage": MLS["application"], "sendingUri": ALICE})
    vectors.cut_and_longer(case)
    vectors.invalid("protocol-0-is-reserved", case.put("protocol", b"\x00"), "unknown-value", "P-007")
    vectors.invalid_fields("a-proposal", case, "wrong-message", "P-043", appMessage=MLS["proposal"])
    vectors.invalid_fields("a-welcome", case, "wrong-message", "P-043", appMessage="00010003" + MLS["welcome"])
    vectors.invalid_fields("a-room-as-sender", case, "bad-uri", "G-07", sendingUri=ROOM)
    return vectors


def response():
    vectors = file("SubmitMessageResponse", "5.4", RESPONSE)
    accepted = {"protocol": "mls10", "statusCode": "accepted", "accepted_timestamp": NOW}
    case = vectors.valid("accepted-with-frank", accepted | {"frank": A_FRANK})
    vectors.valid("accepted", accepted | {"frank": None})
    refused = vectors.valid("not-allowed", {"protocol": "mls10", "statusCode": "notAllowed"})
    old = vectors.valid("epoch-too-old", {"protocol": "mls10", "statusCode": "epochTooOld", "currentEpoch": 7})
    vectors.cut_and_longer(case)
    vectors.invalid("status-3", refused.put("statusCode", b"\x03"), "unknown-value", "P-007")
    vectors.invalid("presence-2", case.head("frank", b"\x02"), "unknown-value", "RFC9420-2.1.1")
    vectors.invalid("epoch-of-seven-octets", old.octets[:-1], "truncated", "P-007")
    return vectors


def frank():
    vectors = file("Frank", "5.4", FRANK)
    case = vectors.valid("ed25519", A_FRANK)
    vectors.valid("p-521", A_FRANK | {"franking_signature_ciphersuite": 5, "franking_integrity_signature": "51" * 139})
    vectors.cut_and_longer(case)
    vectors.invalid("server-frank-of-31-octets", case.octets[1:], "truncated", "P-007")
    return vectors


def files():
    yield request()
    yield response()
    yield frank()
