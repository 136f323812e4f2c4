"""Message Franking [§5.4.1]: structures, and every value on the way from a message to a report that a hub verifies months
later."""

import hashlib
import hmac

from cryptography.exceptions import InvalidSignature

from .. import cbor, mls, uri
from ..cases import Computed
from ..inputs import ALICE, BOB, HUB_KEY, NOW, ROOM, SUITE, VECTORS, basic, hexed
from ..mls_extensions_09 import FRAMING, media_type
from ..tls import U16, U64, Octets, Struct, decode, encode
from .abuse import REPORT
from .common import DRAFT, OPAQUE, file
from .consent import NONE

LABEL = "FrankingIntegrityTBS"
CONTEXT = Struct(sender_uri=uri.USER, room_uri=uri.ROOM, accepted_timestamp=U64)
TBS = Struct(server_frank=Octets(32), franking_signature_ciphersuite=U16, context=CONTEXT)
AGENT = Struct(franking_signature_key=OPAQUE, credential=mls.CREDENTIAL)

OLD_HUB_KEY, NEW_HUB_KEY = b"\x0c" * 32, b"\x0d" * 32
HALF_A_YEAR = 183 * 24 * 3600 * 1000


def hmac_sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def octets(kind, fields):
    return bytes(encode(kind, fields).octets)


def content(salt, text, sender=ALICE, room=ROOM):
    """A MIMI content with its names, which a frank needs."""
    extensions = {"map": [[1, sender], [2, room]]}
    body = [1, "", 1, "text/plain;charset=utf-8", {"bytes": hexed(text)}]
    return cbor.encode([{"bytes": salt}, None, {"bytes": ""}, None, None, extensions, body])


def franked(application_data, salt, sender, room, timestamp, hub_key=OLD_HUB_KEY):
    """Each value from the message to the signature."""
    tag = hmac_sha256(bytes.fromhex(salt), application_data)
    context = {"sender_uri": sender, "room_uri": room, "accepted_timestamp": timestamp}
    server_frank = hmac_sha256(hub_key, tag + octets(CONTEXT, context))
    signed = {"server_frank": server_frank.hex(), "franking_signature_ciphersuite": SUITE, "context": context}
    tbs = octets(TBS, signed)
    signature, how = mls.signed(HUB_KEY, LABEL, tbs)
    return {
        "salt": salt,
        "application_data": application_data.hex(),
        "franking_tag": tag.hex(),
        "hub_key": hub_key.hex(),
        "context": context,
        "contextOctets": octets(CONTEXT, context).hex(),
        "server_frank": server_frank.hex(),
        "franking_signature_ciphersuite": SUITE,
        "signature": how,
        "franking_integrity_signature": signature,
    }


def frank_of(values):
    """Frank"""
    names = ("server_frank", "franking_signature_ciphersuite", "franking_integrity_signature")
    return {name: values[name] for name in names}


def framed(document, name="application/mimi-content"):
    return octets(FRAMING, {"media_type": media_type(name), "inner_application_content": document.hex()})


def unframed(application_data):
    return bytes.fromhex(decode(FRAMING, application_data)["inner_application_content"])


def verdict(message, room, hub_keys):
    """What the hub finds out about an AbusiveMessage [§5.9]; it tries its keys, the newest first (G-35)."""
    application_data = bytes.fromhex(message["message_content"])
    document = cbor.decode(unframed(application_data)).value
    salt, extensions = document[0]["bytes"], dict(document[5]["map"])
    if extensions[2] != room:
        return {"genuine": False, "because": "room"}
    frank = message["frank"]
    for index, key in enumerate(hub_keys):
        own = franked(application_data, salt, extensions[1], room, message["accepted_timestamp"], key)
        if own["server_frank"] == frank["server_frank"]:
            try:
                signature = bytes.fromhex(frank["franking_integrity_signature"])
                mls.verify_with_label(HUB_KEY, LABEL, bytes.fromhex(own["signature"]["tbs"]), signature)
            except InvalidSignature:
                return {"genuine": False, "because": "franking_integrity_signature"}
            return {"genuine": True, "sender": extensions[1], "hubKey": index}
    return {"genuine": False, "because": "server_frank"}


def franking():
    original = (VECTORS / "mimi-content-09" / "published" / "original.cbor").read_bytes()
    document = cbor.decode(original).value
    salt, names = document[0]["bytes"], dict(document[5]["map"])
    forms = {
        "published-original-framed": framed(original),
        "published-original-framed-with-an-empty-media-type": framed(original, ""),
        "published-original-unframed": original,
    }
    cases = [{"name": name} | franked(data, salt, names[1], names[2], NOW) for name, data in forms.items()]
    other_salt = "5a" * 16
    words = framed(content(other_salt, "ünï 🥳"))
    cases.append({"name": "another-message"} | franked(words, other_salt, ALICE, ROOM, NOW + 1))
    return Computed(DRAFT, "franking", "5.4.1", cases)


def report():
    salt = "ab" * 16
    values = franked(framed(content(salt, "something abusive")), salt, ALICE, ROOM, NOW)
    message = {"message_content": values["application_data"], "frank": frank_of(values), "accepted_timestamp": NOW}
    other_words = framed(content(salt, "something kind")).hex()
    other_sender = framed(content(salt, "something abusive", sender=BOB)).hex()
    other_room = framed(content(salt, "something abusive", room="mimi://hub.example/r/another")).hex()
    signature = bytearray.fromhex(message["frank"]["franking_integrity_signature"])
    signature[0] ^= 1
    reports = {
        "genuine": message,
        "other-words": message | {"message_content": other_words},
        "other-sender": message | {"message_content": other_sender},
        "other-room": message | {"message_content": other_room},
        "other-time": message | {"accepted_timestamp": NOW + 1},
        "signature-of-somebody-else": message | {"frank": message["frank"] | {"franking_integrity_signature": signature.hex()}},
    }
    keys = [NEW_HUB_KEY, OLD_HUB_KEY]
    cases = []
    for name, reported in reports.items():
        fields = {
            "reportingUser": BOB,
            "allegedAbuserUri": ALICE,
            "reasonCode": "reserved",
            "note": "",
            "messages": [reported],
            "abuse_extensions": NONE,
        }
        found = verdict(reported, ROOM, keys)
        assert found["genuine"] == (name == "genuine"), (name, found)
        cases.append({"name": name, "report": octets(REPORT, fields).hex(), "verdicts": [found]})
    return Computed(
        DRAFT,
        "abuse-report-verification",
        "5.9",
        cases,
        room=ROOM,
        hubKeys=[key.hex() for key in keys],
        franking_signature_key=HUB_KEY.public_hex,
        acceptedAt=NOW,
        verifiedAt=NOW + HALF_A_YEAR,
        note="The hub has a new key since; it keeps the old one, and tries the newest first (G-35).",
    )


def context():
    vectors = file("ServerFrankingContext", "5.4.1.2", CONTEXT)
    case = vectors.valid("context", {"sender_uri": ALICE, "room_uri": ROOM, "accepted_timestamp": NOW})
    vectors.cut_and_longer(case)
    vectors.invalid_fields("a-room-as-sender", case, "bad-uri", "G-07", sender_uri=ROOM)
    return vectors


def agent():
    vectors = file("FrankingAgentData", "5.4.1", AGENT, component="0x0021 franking_agent", update="FrankingAgentUpdate")
    case = vectors.valid("agent", {"franking_signature_key": HUB_KEY.public_hex, "credential": basic("mimi://hub.example")})
    vectors.cut_and_longer(case)
    vectors.invalid("no-credential", case.from_("credential"), "truncated", "P-007")
    return vectors


def files():
    yield context()
    yield agent()
    yield franking()
    yield report()
