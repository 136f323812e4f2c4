"""What the vectors are made of beside the drafts: MLS objects, published examples, keys and names."""

import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

TOOL = Path(__file__).parent.parent
VECTORS = TOOL.parent.parent / "drafts" / "vectors"

# MLS objects in hexadecimal, by name.
MLS = json.loads((TOOL / "inputs" / "mls.json").read_text())["objects"]

# MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
SUITE = 1
NOW = 1_644_387_225_019

HUB = "hub.example"
ALICE, BOB, CATHY = "mimi://a.example/u/alice", "mimi://b.example/u/bob", "mimi://c.example/u/cathy"
ALICE_PHONE, BOB_PHONE, BOB_TABLET = (
    "mimi://a.example/d/alice/phone",
    "mimi://b.example/d/bob/phone",
    "mimi://b.example/d/bob/tablet",
)
ROOM = "mimi://hub.example/r/clubhouse"


def hexed(text):
    """Text as hexadecimal octets."""
    return text.encode().hex()


def basic(identity):
    """A basic credential [RFC 9420 §5.3]."""
    return {"credential_type": "basic", "identity": hexed(identity)}


def x509(*certificates):
    """A credential of certificates."""
    return {"credential_type": "x509", "certificates": list(certificates)}


class Key:
    """An Ed25519 key that everybody knows: its seed is one octet, 32 times."""

    def __init__(self, octet):
        self.seed = bytes([octet]) * 32
        self.private = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self.private.public_key()
        self.public_hex = self.public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


ALICE_KEY, HUB_KEY = Key(0xA1), Key(0x4B)
