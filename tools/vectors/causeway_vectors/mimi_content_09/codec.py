"""The container `application/mimi-content`, and message ids"""

import hashlib

from ..cases import CborFile
from .extensions import ExternalId, LastSeen, Subject, Timestamp

DRAFT = "mimi-content-09"
NULL, SINGLE, EXTERNAL, MULTI = range(4)
MARKDOWN, PLAIN = "text/markdown;variant=GFM-MIMI", "text/plain;charset=utf-8"
MAX_PARTS, MAX_LEVELS, MAX_TOPIC = 1024, 4, 4096
EXTERNAL_FIELDS = (
    "contentType",
    "url",
    "expires",
    "size",
    "encAlg",
    "key",
    "nonce",
    "aad",
    "hashAlg",
    "contentHash",
    "description",
    "filename",
)


def message_id(sender, room, content, salt):
    """The id of a message [§3.3]; the lengths are of octets."""
    named = b"".join(len(uri.encode()).to_bytes(2, "big") + uri.encode() for uri in (sender, room))
    return "01" + hashlib.sha256(named + content + bytes.fromhex(salt)).digest()[:31].hex()


class Content:
    """mimiContent"""

    @staticmethod
    def to_cbor(fields):
        def octets(value):
            return None if value is None else {"bytes": value}

        expires = fields["expires"]
        return [
            octets(fields["salt"]),
            octets(fields["replaces"]),
            octets(fields["topicId"]),
            expires and [expires["relative"], expires["time"]],
            octets(fields["inReplyTo"]),
            {"map": fields["mimiExtensions"]},
            part_to_cbor(fields["nestedPart"]),
        ]

    @staticmethod
    def from_cbor(document):
        salt, replaces, topic, expires, reply, extensions, part = document.items("C-006", 7)
        counted = Parts()
        return {
            "salt": salt.octets("C-005", 16),
            "replaces": optional_id(replaces),
            "topicId": topic.expect(len(topic.octets("C-006")) <= 2 * MAX_TOPIC, "C-065", "limit").octets("C-006"),
            "expires": expiration(expires),
            "inReplyTo": optional_id(reply),
            "mimiExtensions": [extension(key, value) for key, value in extensions.entries("C-006")],
            "nestedPart": counted.part(part, 1),
        }


def optional_id(item):
    """null or a MessageId, whose first octet names SHA-256."""
    if item.value is None:
        return None
    octets = item.octets("C-006", 32)
    return item.expect(octets.startswith("01"), "C-062").octets("C-006")


def expiration(item):
    """null or [relative, time]"""
    if item.value is None:
        return None
    relative, time = item.items("C-009", 2)
    return {"relative": relative.expect(type(relative.value) is bool, "C-009").value, "time": time.number("C-009", 32)}


def levels(item):
    """How many maps, arrays and tags are in one another [§6.3]."""
    inner = [part for entry in item.inner for part in (entry if isinstance(entry, tuple) else (entry,))]
    return 1 + max(map(levels, inner), default=0) if isinstance(item.value, (list, dict)) and is_container(item.value) else 0


def is_container(value):
    """An array, a map or a tag; byte strings and floats are dictionaries here, too."""
    return isinstance(value, list) or "map" in value or "tag" in value


# What stands at known keys [§4.3, more-extensions-00].
KNOWN = {
    1: lambda value: value.text("C-015"),
    2: lambda value: value.text("C-015"),
    3: Timestamp.from_cbor,
    4: ExternalId.from_cbor,
    5: Subject.from_cbor,
    256: LastSeen.from_cbor,
}


def extension(key, value):
    """An extension; the map of extensions is the first of four levels."""
    key.expect(type(key.value) is int or (isinstance(key.value, str) and 1 <= len(key.value.encode()) <= 255), "C-043")
    if type(key.value) is int and key.value in KNOWN:
        KNOWN[key.value](value)
    value.expect(levels(value) < MAX_LEVELS, "C-050", "limit")
    return [key.value, value.value]


class Parts:
    """NestedParts, of which there is a limit."""

    def __init__(self):
        self.count = 0

    def part(self, item, level):
        self.count += 1
        item.expect(level <= MAX_LEVELS, "C-049", "limit")
        item.expect(self.count <= MAX_PARTS, "C-068", "limit")
        disposition, language, cardinality, *rest = item.items("C-016", 3, 5, 15)
        fields = {
            "disposition": disposition.number("C-022", 8),
            "language": language.text("C-023"),
            "cardinality": cardinality.number("C-016", 8),
        }
        sizes = {NULL: 0, SINGLE: 2, EXTERNAL: 12, MULTI: 2}
        cardinality.expect(cardinality.value in sizes, "C-016")
        item.expect(len(rest) == sizes[cardinality.value], "C-016")
        match cardinality.value:
            case 1:
                return fields | {"contentType": rest[0].text("C-016"), "content": rest[1].octets("C-016")}
            case 2:
                return fields | external(rest)
            case 3:
                semantics = rest[0].expect(rest[0].number("C-016", 64) <= 2, "C-069").value
                parts = rest[1].items("C-016")
                rest[1].expect(len(parts) >= 2, "C-018")
                return fields | {"partSemantics": semantics, "parts": [self.part(part, level + 1) for part in parts]}
        return fields


BITS = {"expires": 32, "size": 64, "encAlg": 16, "hashAlg": 8}
OCTETS = ("key", "nonce", "aad", "contentHash")


def external(rest):
    """The fields of an ExternalPart."""
    fields = {}
    for name, item in zip(EXTERNAL_FIELDS, rest, strict=True):
        if name in BITS:
            fields[name] = item.number("C-027", BITS[name])
        else:
            fields[name] = item.octets("C-027") if name in OCTETS else item.text("C-027")
    key = rest[EXTERNAL_FIELDS.index("key")]
    key.expect(fields["encAlg"] or not (fields["key"] or fields["nonce"] or fields["aad"]), "C-029")
    return fields


def part_to_cbor(fields):
    head = [fields["disposition"], fields["language"], fields["cardinality"]]
    match fields["cardinality"]:
        case 1:
            return [*head, fields["contentType"], {"bytes": fields["content"]}]
        case 2:
            return head + [{"bytes": fields[name]} if name in OCTETS else fields[name] for name in EXTERNAL_FIELDS]
        case 3:
            return [*head, fields["partSemantics"], list(map(part_to_cbor, fields["parts"]))]
    return head


class Messages(CborFile):
    """mimiContent, with its message id where it names its sender and room."""

    def valid(self, name, fields, cbor2_orders_keys=True, **more):
        names = dict((key, value) for key, value in fields["mimiExtensions"] if key in (1, 2))
        if len(names) == 2:
            octets, _ = self.encode(fields)
            more = more | {"messageId": message_id(names[1], names[2], octets, fields["salt"])}
        return super().valid(name, fields, cbor2_orders_keys, **more)
