"""Convey explicit consent [§5.7]"""

from .. import mls, uri
from ..inputs import ALICE, BOB, MLS, ROOM
from ..tls import Enum, Optional, Select, Struct, Vector
from .common import KEY_PACKAGE, file

# RoomId, which the draft does not define: the room's URI.
ENTRY = Struct(
    consentOperation=Enum(cancel=0, request=1, grant=2, revoke=3),
    requesterUri=uri.USER,
    targetUri=uri.USER,
    roomId=Optional(uri.ROOM),
).then(
    Select("consentOperation", grant={"clientKeyPackages": Vector(KEY_PACKAGE)}),
    consent_extensions=mls.APP_DATA_DICTIONARY,
)
NONE = {"component_data": []}


def files():
    vectors = file("ConsentEntry", "5.7", ENTRY)
    fields = {"requesterUri": ALICE, "targetUri": BOB, "roomId": None, "consent_extensions": NONE}
    case = vectors.valid("request", {"consentOperation": "request"} | fields)
    in_room = vectors.valid("request-for-a-room", {"consentOperation": "request"} | fields | {"roomId": ROOM})
    vectors.valid("cancel", {"consentOperation": "cancel"} | fields)
    vectors.valid("revoke", {"consentOperation": "revoke"} | fields)
    grant = vectors.valid("grant", {"consentOperation": "grant"} | fields | {"clientKeyPackages": []})
    packages = {"clientKeyPackages": [MLS["key_package"]] * 2}
    vectors.valid("grant-with-key-packages", {"consentOperation": "grant"} | fields | packages)
    extensions = {"component_data": [{"component_id": 0x8001, "data": "c0ffee"}, {"component_id": 0x8002, "data": ""}]}
    extended = vectors.valid("with-extensions", {"consentOperation": "request"} | fields | {"consent_extensions": extensions})
    vectors.cut_and_longer(case)
    vectors.invalid("operation-4", case.put("consentOperation", b"\x04"), "unknown-value", "P-007")
    vectors.invalid("presence-2", in_room.head("roomId", b"\x02"), "unknown-value", "RFC9420-2.1.1")
    vectors.invalid("key-packages-in-a-revoke", grant.put("consentOperation", b"\x03"), "trailing", "P-007")
    vectors.invalid_fields("a-client-as-target", case, "bad-uri", "G-07", targetUri="mimi://b.example/d/bob/phone")
    twice = {"component_data": [extensions["component_data"][0]] * 2}
    vectors.invalid_fields("an-extension-twice", extended, "duplicate", "P-126", consent_extensions=twice)
    reversed_ = {"component_data": extensions["component_data"][::-1]}
    vectors.invalid_fields("extensions-out-of-order", extended, "unsorted", "P-126", consent_extensions=reversed_)
    yield vectors
