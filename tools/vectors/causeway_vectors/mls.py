"""Structures of MLS [RFC 9420] and its extensions [mls-extensions-09], as far as one has to read them to know where they
end, and the labels of its signatures and encryptions."""

from .errors import Malformed
from .tls import (
    OPAQUE,
    U8,
    U16,
    U32,
    U64,
    Enum,
    Number,
    Optional,
    Select,
    Struct,
    Vector,
    Verbatim,
    decode,
    encode,
)

# As numbers: what is not registered is no error.
CIPHER_SUITE = U16
PROTOCOL_VERSION = U16

EXTENSIONS = Vector(Struct(extension_type=U16, extension_data=OPAQUE))
HPKE_CIPHERTEXT = Struct(kem_output=OPAQUE, ciphertext=OPAQUE)


class CredentialType(Enum):
    """CredentialType: what is not known here stays a number, and has opaque content, as MLS libraries read it."""

    def write(self, value, out):
        super().write(value, out) if value in self.numbers else U16.write(value, out)

    def read(self, reader):
        number = U16.read(reader)
        return self.names.get(number, number)


CREDENTIAL = Struct(credential_type=CredentialType(basic=1, x509=2, width=2)).then(
    Select("credential_type", {"content": OPAQUE}, basic={"identity": OPAQUE}, x509={"certificates": Vector(OPAQUE)})
)
CAPABILITIES = Struct(
    versions=Vector(U16), cipher_suites=Vector(U16), extensions=Vector(U16), proposals=Vector(U16), credentials=Vector(U16)
)
REQUIRED_CAPABILITIES = Struct(extension_types=Vector(U16), proposal_types=Vector(U16), credential_types=Vector(U16))
EXTERNAL_SENDER = Struct(signature_key=OPAQUE, credential=CREDENTIAL)

LEAF_NODE = Struct(
    encryption_key=OPAQUE,
    signature_key=OPAQUE,
    credential=CREDENTIAL,
    capabilities=CAPABILITIES,
    leaf_node_source=Enum(key_package=1, update=2, commit=3),
).then(
    Select("leaf_node_source", key_package={"not_before": U64, "not_after": U64}, commit={"parent_hash": OPAQUE}),
    extensions=EXTENSIONS,
    signature=OPAQUE,
)
KEY_PACKAGE = Struct(
    version=PROTOCOL_VERSION,
    cipher_suite=CIPHER_SUITE,
    init_key=OPAQUE,
    leaf_node=LEAF_NODE,
    extensions=EXTENSIONS,
    signature=OPAQUE,
)
PARENT_NODE = {"encryption_key": OPAQUE, "parent_hash": OPAQUE, "unmerged_leaves": Vector(U32)}
NODE = Struct(node_type=Enum(leaf=1, parent=2)).then(Select("node_type", leaf={"leaf_node": LEAF_NODE}, parent=PARENT_NODE))
# G-22: as in RFC 9420, where nodes may be blank.
RATCHET_TREE = Vector(Optional(NODE))

GROUP_CONTEXT = Struct(
    version=PROTOCOL_VERSION,
    cipher_suite=CIPHER_SUITE,
    group_id=OPAQUE,
    epoch=U64,
    tree_hash=OPAQUE,
    confirmed_transcript_hash=OPAQUE,
    extensions=EXTENSIONS,
)
GROUP_INFO = Struct(group_context=GROUP_CONTEXT, extensions=EXTENSIONS, confirmation_tag=OPAQUE, signer=U32, signature=OPAQUE)
WELCOME = Struct(
    cipher_suite=CIPHER_SUITE,
    secrets=Vector(Struct(new_member=OPAQUE, encrypted_group_secrets=HPKE_CIPHERTEXT)),
    encrypted_group_info=OPAQUE,
)

PSK_ID = Struct(psktype=Enum(external=1, resumption=2, application=3)).then(
    Select(
        "psktype",
        external={"psk_id": OPAQUE},
        resumption={"usage": U8, "psk_group_id": OPAQUE, "psk_epoch": U64},
        application={"component_id": U16, "psk_id": OPAQUE},
    ),
    psk_nonce=OPAQUE,
)
APP_DATA_UPDATE = Struct(component_id=U16, op=Enum(update=1, remove=2)).then(Select("op", update={"update": OPAQUE}))
PROPOSAL_TYPE = Enum(
    width=2,
    add=1,
    update=2,
    remove=3,
    psk=4,
    reinit=5,
    external_init=6,
    group_context_extensions=7,
    app_data_update=8,
    app_ephemeral=9,
    self_remove=10,
)
PROPOSAL = Struct(proposal_type=PROPOSAL_TYPE).then(
    Select(
        "proposal_type",
        add={"key_package": KEY_PACKAGE},
        update={"leaf_node": LEAF_NODE},
        remove={"removed": U32},
        psk={"psk": PSK_ID},
        reinit={"group_id": OPAQUE, "version": U16, "cipher_suite": U16, "extensions": EXTENSIONS},
        external_init={"kem_output": OPAQUE},
        group_context_extensions={"extensions": EXTENSIONS},
        app_data_update={"app_data_update": APP_DATA_UPDATE},
        app_ephemeral={"component_id": U16, "data": OPAQUE},
        self_remove={},
    )
)
UPDATE_PATH = Struct(
    leaf_node=LEAF_NODE, nodes=Vector(Struct(encryption_key=OPAQUE, encrypted_path_secret=Vector(HPKE_CIPHERTEXT)))
)
PROPOSAL_OR_REF = Struct(type=Enum(proposal=1, reference=2)).then(
    Select("type", proposal={"proposal": PROPOSAL}, reference={"reference": OPAQUE})
)
COMMIT = Struct(proposals=Vector(PROPOSAL_OR_REF), path=Optional(UPDATE_PATH))

CONTENT_TYPE = Enum(application=1, proposal=2, commit=3)
SENDER = Struct(sender_type=Enum(member=1, external=2, new_member_proposal=3, new_member_commit=4)).then(
    Select("sender_type", member={"leaf_index": U32}, external={"sender_index": U32})
)
PUBLIC_MESSAGE = Struct(group_id=OPAQUE, epoch=U64, sender=SENDER, authenticated_data=OPAQUE, content_type=CONTENT_TYPE).then(
    Select("content_type", application={"content": OPAQUE}, proposal={"content": PROPOSAL}, commit={"content": COMMIT}),
    signature=OPAQUE,
)
PUBLIC_MESSAGE = PUBLIC_MESSAGE.then(Select("content_type", commit={"confirmation_tag": OPAQUE}))
PUBLIC_MESSAGE = PUBLIC_MESSAGE.then(Select(lambda fields: fields["sender"]["sender_type"], member={"membership_tag": OPAQUE}))
PRIVATE_MESSAGE = Struct(
    group_id=OPAQUE,
    epoch=U64,
    content_type=CONTENT_TYPE,
    authenticated_data=OPAQUE,
    encrypted_sender_data=OPAQUE,
    ciphertext=OPAQUE,
)


class WireFormat(Number):
    """WireFormat; SemiPrivateMessage has none yet (G-25)."""

    def read(self, reader):
        start, number = reader.at, super().read(reader)
        if number not in range(1, 6):
            raise Malformed("unknown-value", "G-25", start)
        return number


MLS_MESSAGE = Struct(version=Enum(mls10=1, width=2), wire_format=WireFormat(2)).then(
    Select(
        lambda fields: f"_{fields['wire_format']}",
        _1={"message": PUBLIC_MESSAGE},
        _2={"message": PRIVATE_MESSAGE},
        _3={"message": WELCOME},
        _4={"message": GROUP_INFO},
        _5={"message": KEY_PACKAGE},
    )
)


def kind_of(message):
    """What an MLSMessage is for MIMI: application, proposal, commit, welcome, or something that has no place there."""
    inner, wire_format = message["message"], message["wire_format"]
    if wire_format == 1 and inner["content_type"] != "application":
        return inner["content_type"]
    if wire_format == 2 and inner["content_type"] == "application":
        return "application"
    return "welcome" if wire_format == 3 else "other"


def kind_of_encoded(octets):
    """The same, of an encoded MLSMessage in hexadecimal."""
    return kind_of(decode(MLS_MESSAGE, bytes.fromhex(octets)))


def message(rule, *kinds):
    """An MLSMessage of one of these kinds."""

    def check(value, start):
        if kind_of(value) not in kinds:
            raise Malformed("wrong-message", rule, start)

    return Verbatim(MLS_MESSAGE, check)


# Sorted and without duplicates [mls-extensions-09 §4.6, §4.9].
def increasing(name):
    """A rule: the list `name` is sorted by component, and none is there twice."""

    def check(value):
        ids = [item["component_id"] for item in value[name]]
        if len(set(ids)) < len(ids):
            yield "duplicate", "P-126"
        if sorted(ids) != ids:
            yield "unsorted", "P-126"

    return check


APP_DATA_DICTIONARY = Struct(component_data=Vector(Struct(component_id=U16, data=OPAQUE)), check=increasing("component_data"))

SIGN_CONTENT = Struct(label=OPAQUE, content=OPAQUE)


def sign_content(label, content):
    """SignContent and EncryptContext [RFC 9420 §5.1.2, §5.1.3] have the same layout."""
    value = {"label": f"MLS 1.0 {label}".encode().hex(), "content": content.hex()}
    return bytes(encode(SIGN_CONTENT, value).octets)


def signed(key, label, tbs):
    """SignWithLabel with an Ed25519 key [RFC 9420 §5.1.2]: the signature, and how it was made."""
    content = sign_content(label, tbs)
    how = {"key": key.public_hex, "label": label, "tbs": tbs.hex(), "signContent": content.hex()}
    return key.private.sign(content).hex(), how


def verify_with_label(key, label, content, signature):
    """VerifyWithLabel; raises InvalidSignature."""
    key.public.verify(signature, sign_content(label, content))
