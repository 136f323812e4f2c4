"""Claim group key information [§5.6]"""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from .. import hpke, mls
from ..inputs import ALICE_KEY, HUB_KEY, MLS, NOW, ROOM, SUITE, basic, hexed
from ..mls_ratchet_tree_options_04 import FULL_TREE, HUB_HAS_IT, RATCHET_TREE_OPTION
from ..tls import U16, U64, Enum, Optional, Select, Struct, Vector, encode
from .common import GROUP_INFO, OPAQUE, PROPOSAL, PROTOCOL, file

REQUEST_LABEL, RESPONSE_LABEL = "GroupInfoRequestTBS", "GroupInfoResponseTBS"
ENCRYPTION_LABEL = "GroupInfo and ratchet_tree encryption"
# The requester's HPKE key, and the ephemeral one of the hub's answer.
PRIVATE, EPHEMERAL = b"\xe1" * 32, b"\xe2" * 32
PUBLIC = hpke.raw(X25519PrivateKey.from_private_bytes(PRIVATE).public_key())

HEAD = {
    "protocol": PROTOCOL,
    "cipher_suite": U16,
    "requestingSignatureKey": OPAQUE,
    "requestingCredential": mls.CREDENTIAL,
    "groupInfoPublicKey": OPAQUE,
}
# G-20: optional in what is signed, and plain in the request, where an empty one is none.
REQUEST_TBS = Struct(**HEAD, joiningCode=Optional(OPAQUE))
REQUEST = Struct(**HEAD, joiningCode=OPAQUE, signature=OPAQUE)

PENDING_PROPOSAL = Struct(proposal=PROPOSAL, hub_accepted_time=U64)
TBE = Struct(groupInfo=GROUP_INFO, ratchetTreeOption=RATCHET_TREE_OPTION, pending_proposals=Vector(PENDING_PROPOSAL))
SUCCESS = {"cipher_suite": U16, "hub_sender": mls.EXTERNAL_SENDER, "encrypted_groupinfo_and_tree": mls.HPKE_CIPHERTEXT}
RESPONSE_HEAD = Struct(version=PROTOCOL, room_id=OPAQUE, status=Enum(success=1, notAuthorized=2, noSuchRoom=3))
RESPONSE_TBS = RESPONSE_HEAD.then(Select("status", success=SUCCESS))
RESPONSE = RESPONSE_HEAD.then(Select("status", success=SUCCESS | {"signature": OPAQUE}))


def signed_request(joining_code):
    fields = {
        "protocol": "mls10",
        "cipher_suite": SUITE,
        "requestingSignatureKey": ALICE_KEY.public_hex,
        "requestingCredential": basic("mimi://a.example/d/alice/phone"),
        "groupInfoPublicKey": PUBLIC.hex(),
    }
    tbs = bytes(encode(REQUEST_TBS, fields | {"joiningCode": joining_code or None}).octets)
    made, signature = mls.signed(ALICE_KEY, REQUEST_LABEL, tbs)
    return fields | {"joiningCode": joining_code, "signature": made}, signature


def request():
    vectors = file("GroupInfoRequest", "5.6", REQUEST)
    fields, signature = signed_request("")
    case = vectors.valid("member-of-the-list", fields, signature=signature)
    fields, signature = signed_request(hexed("swordfish"))
    vectors.valid("with-joining-code", fields, signature=signature)
    vectors.cut_and_longer(case)
    vectors.invalid("protocol-0-is-reserved", case.put("protocol", b"\x00"), "unknown-value", "P-007")
    vectors.invalid("joining-code-as-an-optional", case.put("joiningCode", b"\x00\x00"), "trailing", "P-007")
    vectors.invalid("without-signature", case.from_("signature"), "truncated", "P-007")
    return vectors


TBE_FIELDS = {
    "groupInfo": MLS["group_info"],
    "ratchetTreeOption": FULL_TREE,
    "pending_proposals": [{"proposal": MLS["proposal"], "hub_accepted_time": NOW}],
}


def tbe():
    vectors = file("GroupInfoRatchetTreeTBE", "5.6", TBE)
    case = vectors.valid("with-a-pending-proposal", TBE_FIELDS)
    vectors.valid("nothing-pending", {"groupInfo": MLS["group_info"], "ratchetTreeOption": HUB_HAS_IT, "pending_proposals": []})
    vectors.cut_and_longer(case)
    pending = [{"proposal": MLS["commit"], "hub_accepted_time": NOW}]
    vectors.invalid_fields("a-pending-commit", case, "wrong-message", "P-037", pending_proposals=pending)
    vectors.invalid("representation-0-is-reserved", case.head("ratchetTreeOption", b"\x00"), "unknown-value", "P-007")
    return vectors


def signed_response():
    """A response that ALICE's request can decrypt, and how it was made."""
    plaintext = bytes(encode(TBE, TBE_FIELDS).octets)
    # EncryptContext has the layout of SignContent [RFC 9420 §5.1.3].
    info = mls.sign_content(ENCRYPTION_LABEL, ROOM.encode())
    output, ciphertext = hpke.seal(PUBLIC, EPHEMERAL, info, plaintext)
    assert hpke.open_(PRIVATE, output, info, ciphertext) == plaintext
    fields = {
        "version": "mls10",
        "room_id": hexed(ROOM),
        "status": "success",
        "cipher_suite": SUITE,
        "hub_sender": {"signature_key": HUB_KEY.public_hex, "credential": basic("mimi://hub.example")},
        "encrypted_groupinfo_and_tree": {"kem_output": output.hex(), "ciphertext": ciphertext.hex()},
    }
    made, signature = mls.signed(HUB_KEY, RESPONSE_LABEL, bytes(encode(RESPONSE_TBS, fields).octets))
    encryption = {
        "label": ENCRYPTION_LABEL,
        "context": hexed(ROOM),
        "privateKey": PRIVATE.hex(),
        "publicKey": PUBLIC.hex(),
        "plaintext": plaintext.hex(),
    }
    return fields | {"signature": made}, signature, encryption


def response():
    vectors = file("GroupInfoResponse", "5.6", RESPONSE)
    fields, signature, encryption = signed_response()
    case = vectors.valid("success", fields, signature=signature, encryption=encryption)
    for status in ("notAuthorized", "noSuchRoom"):
        vectors.valid(f"failure-{status}", {"version": "mls10", "room_id": hexed(ROOM), "status": status})
    vectors.cut_and_longer(case)
    vectors.invalid("status-0-is-reserved", case.put("status", b"\x00"), "unknown-value", "P-007")
    vectors.invalid("status-4", case.put("status", b"\x04"), "unknown-value", "P-007")
    vectors.invalid("success-without-anything", case.from_("cipher_suite"), "truncated", "P-007")
    return vectors


def files():
    yield request()
    yield response()
    yield tbe()
