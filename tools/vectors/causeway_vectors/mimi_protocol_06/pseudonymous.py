"""Credential encryption of minimal metadata rooms [§6.1]: the structures only, since their keys are still open."""

from .. import mls, uri
from ..inputs import ALICE_KEY, basic
from ..tls import OPAQUE, Struct, encode
from .common import file

# The draft writes `opaque signature_public_key;`, without a size: read as <V>, like every key of MLS.
TBS = Struct(client_pseudonym=uri.ANY, user_pseudonym=uri.ANY, signature_public_key=OPAQUE)
CREDENTIAL = Struct(
    client_pseudonym=uri.ANY, user_pseudonym=uri.ANY, signature_public_key=OPAQUE, identity_link_ciphertext=OPAQUE
)
LINK = Struct(pseudonymous_credential_signature=OPAQUE, client_credential=mls.CREDENTIAL)
LABEL = "PseudonymousCredentialTBS"

FIELDS = {
    "client_pseudonym": "mimi://a.example/d/0a0b7e1c-92f4-4d43-8a55-30f6a2f6b3b1/53a2fd2f-2a2c-4cf3-9d2e-5b1b7a0a33c4",
    "user_pseudonym": "mimi://a.example/u/0a0b7e1c-92f4-4d43-8a55-30f6a2f6b3b1",
    "signature_public_key": ALICE_KEY.public_hex,
}


def credential():
    vectors = file("PseudonymousCredential", "6.1", CREDENTIAL)
    case = vectors.valid("credential", FIELDS | {"identity_link_ciphertext": "c1" * 48})
    vectors.cut_and_longer(case)
    vectors.invalid_fields(
        "a-pseudonym-without-domain", case, "bad-uri", "G-07", user_pseudonym="0a0b7e1c-92f4-4d43-8a55-30f6a2f6b3b1"
    )
    return vectors


def to_be_signed():
    vectors = file("PseudonymousCredentialTBS", "6.1", TBS)
    case = vectors.valid("credential", FIELDS)
    vectors.cut_and_longer(case)
    vectors.invalid_fields("no-client-pseudonym", case, "bad-uri", "G-07", client_pseudonym="")
    return vectors


def link():
    vectors = file("IdentityLinkTBE", "6.1", LINK)
    made, signature = mls.signed(ALICE_KEY, LABEL, bytes(encode(TBS, FIELDS).octets))
    fields = {"pseudonymous_credential_signature": made, "client_credential": basic("mimi://a.example/d/alice/phone")}
    case = vectors.valid("link", fields, signature=signature)
    vectors.cut_and_longer(case)
    return vectors


def files():
    yield credential()
    yield to_be_signed()
    yield link()
