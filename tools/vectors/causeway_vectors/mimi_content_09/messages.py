"""Messages of every kind, and what can be wrong with one"""

import math

from .. import cbor
from ..inputs import ALICE, ROOM, hexed
from .codec import (
    DRAFT,
    EXTERNAL,
    MARKDOWN,
    MAX_LEVELS,
    MAX_PARTS,
    MAX_TOPIC,
    MULTI,
    NULL,
    PLAIN,
    SINGLE,
    Content,
    Messages,
    part_to_cbor,
)
from .published import AN_ID, ANOTHER_ID


def null(disposition=1):
    return {"disposition": disposition, "language": "", "cardinality": NULL}


def single(text, content_type=MARKDOWN, disposition=1, language=""):
    head = {"disposition": disposition, "language": language, "cardinality": SINGLE}
    return head | {"contentType": content_type, "content": hexed(text)}


def multi(semantics, *parts, disposition=1):
    head = {"disposition": disposition, "language": "", "cardinality": MULTI}
    return head | {"partSemantics": semantics, "parts": list(parts)}


PICTURE = {
    "disposition": 6,
    "language": "de",
    "cardinality": EXTERNAL,
    "contentType": "image/png",
    "url": "https://a.example/1.png",
    "expires": 0,
    "size": 0,
    "encAlg": 0,
    "key": "",
    "nonce": "",
    "aad": "",
    "hashAlg": 0,
    "contentHash": "",
    "description": "ein Bild",
    "filename": "bild.png",
}
ENCRYPTED = {
    "encAlg": 1,
    "key": "21" * 16,
    "nonce": "c8" * 12,
    "aad": "aa55",
    "hashAlg": 1,
    "contentHash": "9a" * 32,
    "size": (1 << 64) - 1,
    "expires": (1 << 32) - 1,
}
NAMES = [[1, ALICE], [2, ROOM]]
PLAIN_MESSAGE = {
    "salt": "000102030405060708090a0b0c0d0e0f",
    "replaces": None,
    "topicId": "",
    "expires": None,
    "inReplyTo": None,
    "mimiExtensions": NAMES,
    "nestedPart": single("Hello"),
}


def extended(*extensions):
    """A message with more extensions."""
    return PLAIN_MESSAGE | {"mimiExtensions": NAMES + list(extensions)}


def nested(levels):
    """A part with so many levels."""
    part = single("bottom", PLAIN)
    for _ in range(levels - 1):
        part = multi(0, part, null())
    return part


def valid_messages(vectors):
    case = vectors.valid("text", PLAIN_MESSAGE)
    plain = PLAIN_MESSAGE | {"mimiExtensions": []}
    vectors.valid("as-little-as-possible", plain | {"nestedPart": null(0)})
    every = {"replaces": AN_ID, "topicId": "00ff", "inReplyTo": ANOTHER_ID, "expires": {"relative": True, "time": 3600}}
    vectors.valid("every-field", PLAIN_MESSAGE | every)
    vectors.valid("absolute-expiry-of-32-bits", PLAIN_MESSAGE | {"expires": {"relative": False, "time": (1 << 32) - 1}})
    for disposition in range(10):
        vectors.valid(f"disposition-{disposition}", PLAIN_MESSAGE | {"nestedPart": single("🥳", PLAIN, disposition)})
    vectors.valid("unknown-disposition-255", PLAIN_MESSAGE | {"nestedPart": null(255)})
    vectors.valid("language-tags", PLAIN_MESSAGE | {"nestedPart": single("Grüezi", PLAIN, language="de-CH,de")})
    vectors.valid("external-part", PLAIN_MESSAGE | {"nestedPart": PICTURE})
    vectors.valid("external-part-encrypted-with-aad", PLAIN_MESSAGE | {"nestedPart": PICTURE | ENCRYPTED})
    for semantics, name in enumerate(("choose-one", "single-unit", "process-all")):
        vectors.valid(f"multi-{name}", PLAIN_MESSAGE | {"nestedPart": multi(semantics, single("a"), PICTURE, null())})
    vectors.valid("parts-on-four-levels", PLAIN_MESSAGE | {"nestedPart": nested(MAX_LEVELS)})
    vectors.valid("1024-parts", PLAIN_MESSAGE | {"nestedPart": multi(2, *[null()] * (MAX_PARTS - 1))})
    vectors.valid("topic-of-4096-octets", PLAIN_MESSAGE | {"topicId": "70" * MAX_TOPIC})
    vectors.valid("private-extensions", extended([-1, {"bytes": "00"}], ["x", None], ["é" * 127 + "x", True]))
    vectors.valid(
        "keys-in-bytewise-order-not-by-length",
        extended([1000, 0], [-1, 0], ["a", 0]),
        cbor2_orders_keys=False,
        note="RFC 8949 §4.2.1, not RFC 7049 (C-041)",
    )
    vectors.valid("greatest-and-least-integer-key", extended([cbor.MAX_KEY, 0], [-cbor.MAX_KEY, 0]))
    deep = [[{"bytes": "1234"}, {"tag": [32, "http://example.com"]}], [{"bytes": "3456"}, 5771]]
    vectors.valid("extension-on-four-levels", extended([256, deep]), note="the example of §6.3")
    numbers = [cbor.binary64(number) for number in (1.5, 1e5, 1.1, -0.0, math.inf, math.nan, 2.0**-24)]
    numbers += [(1 << 64) - 1, -(1 << 63), {"integer": str(-(1 << 64))}, {"tag": [2, {"bytes": "01" + "00" * 8}]}]
    vectors.valid("numbers", extended([1000, numbers]))
    values = {"map": [[0, False], [-1, {"simple": 16}], [{"bytes": "00"}, None], ["", {"map": []}]]}
    vectors.valid("map-with-every-type-of-key", extended([1000, values]), cbor2_orders_keys=False)
    extensions = [
        [3, {"map": [[1, 1762760377], [-6, 462917]]}],
        [4, [{"bytes": "08bbeeb8175c4a64a8926a5a23bb2811"}, 311]],
        [5, "This space intentionally left blank"],
        [256, [{"bytes": AN_ID}, {"bytes": ANOTHER_ID}]],
    ]
    vectors.valid("more-extensions-00", extended(*extensions))
    return case


def broken_encodings(vectors, case):
    """What is no deterministic CBOR."""
    octets, head = case.octets, case.octets[:1]
    start = octets.index(b"\xa2")
    extension_map, body = octets[start:], octets[octets.index(b"\x85\x01\x60", start) :]
    before = octets[:start]
    key_1, key_2 = (cbor.encode(number) + cbor.encode(text) for number, text in NAMES)

    def invalid(name, document, kind, rule, **more):
        vectors.invalid(name, document, kind, rule, **more)

    def value(name, encoded, kind, rule):
        """A third extension, with a value that is given as it is encoded."""
        invalid(name, before + b"\xa3" + key_1 + key_2 + b"\x19\x03\xe8" + encoded + body, kind, rule)

    vectors.cut_and_longer(case)
    invalid("array-length-in-two-octets", b"\x98\x07" + octets[1:], "not-shortest", "C-040")
    invalid("array-of-indefinite-length", b"\x9f" + octets[1:] + b"\xff", "indefinite", "C-040")
    invalid("salt-length-in-three-octets", head + b"\x59\x00\x10" + octets[2:], "not-shortest", "C-040")
    invalid("salt-of-indefinite-length", head + b"\x5f" + octets[1:18] + b"\xff" + octets[18:], "indefinite", "C-040")
    invalid(
        "map-of-indefinite-length", before + b"\xbf" + extension_map[1 : -len(body)] + b"\xff" + body, "indefinite", "C-040"
    )
    invalid("reserved-additional-information", before + b"\xbc" + extension_map[1:], "reserved", "C-040")
    invalid("keys-out-of-order", before + b"\xa2" + key_2 + key_1 + body, "unsorted", "C-041")
    three = before + b"\xa3" + key_1
    by_length = three + b"\x61a\x00" + b"\x19\x03\xe8\x00" + body
    invalid("keys-by-length", by_length, "unsorted", "C-041", note="the order of RFC 7049")
    invalid("negative-key-before-a-positive-one", before + b"\xa2\x20\x00" + key_1 + body, "unsorted", "C-041")
    invalid("a-key-twice", before + b"\xa2" + key_1 + key_1 + body, "duplicate", "C-013")
    invalid("text-is-not-utf-8", octets.replace(b"text/markdown", b"text/\xffarkdown"), "bad-text", "C-047")
    value("surrogate-in-text", b"\x63\xed\xa0\x80", "bad-text", "C-047")
    value("overlong-utf-8", b"\x62\xc0\x80", "bad-text", "C-047")
    value("integer-in-two-octets", b"\x18\x17", "not-shortest", "C-040")
    value("integer-in-nine-octets", b"\x1b" + b"\0" * 4 + b"\xff" * 4, "not-shortest", "C-040")
    value("float-in-five-octets", b"\xfa\x3f\xc0\x00\x00", "not-shortest", "C-040")
    value("tag-in-two-octets", b"\xd8\x17\x00", "not-shortest", "C-040")
    value("bignum-that-fits", b"\xc2\x48" + b"\xff" * 8, "not-shortest", "C-040")
    value("bignum-with-a-leading-zero", b"\xc2\x4a\x00\x01" + b"\0" * 8, "not-shortest", "C-040")
    value("nan-of-five-octets", b"\xfa\x7f\xc0\x00\x00", "nan", "C-046")
    value("signalling-nan", b"\xf9\x7c\x01", "nan", "C-046")
    value("negative-nan", b"\xf9\xfe\x00", "nan", "C-046")
    value("simple-value-in-two-octets", b"\xf8\x18", "reserved", "C-040")
    value("array-as-key", b"\xa1\x80\x00", "key-type", "C-044")
    value("null-as-key", b"\xa1\xf6\x00", "key-type", "C-044")
    value("keys-of-a-nested-map-out-of-order", b"\xa2\x02\x00\x01\x00", "unsorted", "C-041")
    value("a-key-of-a-nested-map-twice", b"\xa2\x01\x00\x01\x00", "duplicate", "C-013")
    value("key-of-a-nested-map-beyond-a-double", b"\xa1\x1b\x00\x20" + b"\0" * 6 + b"\0", "schema", "C-045")
    value("array-longer-than-the-document", b"\x9b" + b"\x00" * 3 + b"\x01" + b"\0" * 4, "truncated", "C-040")
    value("text-longer-than-the-document", b"\x7b" + b"\x7f" * 8, "truncated", "C-040")


def broken_documents(vectors, case):
    """What is CBOR, and no message."""

    def invalid(name, document, kind, rule):
        vectors.invalid(name, cbor.encode(document), kind, rule)

    def fields(name, kind, rule, **changes):
        invalid(name, Content.to_cbor(PLAIN_MESSAGE | changes), kind, rule)

    def item(name, index, value, rule, kind="schema"):
        document = Content.to_cbor(case.fields)
        invalid(name, [*document[:index], value, *document[index + 1 :]], kind, rule)

    def part(name, value, rule, kind="schema"):
        item(name, 6, value, rule, kind)

    document = Content.to_cbor(case.fields)
    invalid("six-items", document[:6], "schema", "C-006")
    invalid("eight-items", [*document, None], "schema", "C-006")
    invalid("a-map", {"map": []}, "schema", "C-006")
    fields("salt-of-15-octets", "schema", "C-005", salt="00" * 15)
    fields("salt-of-17-octets", "schema", "C-005", salt="00" * 17)
    item("salt-is-text", 0, "0123456789abcdef", "C-005")
    fields("replaces-of-31-octets", "schema", "C-006", replaces="01" * 31)
    fields("in-reply-to-another-hash-algorithm", "schema", "C-062", inReplyTo="02" * 32)
    item("topic-is-null", 2, None, "C-006")
    fields("topic-of-4097-octets", "limit", "C-065", topicId="70" * (MAX_TOPIC + 1))
    item("expires-in-33-bits", 3, [False, 1 << 32], "C-009")
    item("expires-is-negative", 3, [True, -1], "C-009")
    item("expires-without-relative", 3, [0, 1], "C-009")
    item("expires-with-three-items", 3, [False, 1, 1], "C-009")
    item("extensions-are-an-array", 5, [], "C-006")
    item("extension-key-of-bytes", 5, {"map": [[{"bytes": "00"}, 0]]}, "C-043")
    item("extension-key-of-no-octets", 5, {"map": [["", 0]]}, "C-043")
    item("extension-key-of-256-octets", 5, {"map": [["x" * 256, 0]]}, "C-043")
    item("extension-key-of-2^53", 5, {"map": [[1 << 53, 0]]}, "C-045")
    item("extension-key-of-minus-2^53", 5, {"map": [[-(1 << 53), 0]]}, "C-045")
    item("sender-is-not-text", 5, {"map": [[1, {"bytes": hexed(ALICE)}]]}, "C-015")
    item("room-is-tagged", 5, {"map": [[2, {"tag": [32, ROOM]}]]}, "C-015")
    item("known-extension-of-another-type", 5, {"map": [[5, {"bytes": "00"}]]}, "more-extensions-00 §5")
    item("extension-on-five-levels", 5, {"map": [[1000, [[[[]]]]]]}, "C-050", "limit")
    item("tag-on-the-fifth-level", 5, {"map": [[1000, [[[{"tag": [32, "http://example.com"]}]]]]]}, "C-050", "limit")
    item("map-on-the-fifth-level", 5, {"map": [["x", [[[{"map": []}]]]]]}, "C-050", "limit")
    part("part-is-null", None, "C-016")
    part("part-of-two-items", [1, ""], "C-016")
    part("null-part-with-content", [1, "", 0, PLAIN, {"bytes": "00"}], "C-016")
    part("single-part-without-content", [1, "", 1, PLAIN], "C-016")
    part("external-part-of-14-items", part_to_cbor(PICTURE)[:-1], "C-016")
    part("cardinality-4", [1, "", 4], "C-016")
    part("disposition-256", [256, "", 0], "C-022")
    part("disposition-is-negative", [-1, "", 0], "C-022")
    part("language-is-null", [1, None, 0], "C-023")
    part("content-is-text", [1, "", 1, PLAIN, "Hello"], "C-016")
    part("content-type-is-bytes", [1, "", 1, {"bytes": hexed(PLAIN)}, {"bytes": "00"}], "C-016")
    part(
        "url-is-tagged",
        [{"tag": [32, value]} if value == PICTURE["url"] else value for value in part_to_cbor(PICTURE)],
        "C-027",
    )
    part("external-expiry-in-33-bits", part_to_cbor(PICTURE | {"expires": 1 << 32}), "C-027")
    part("aead-number-in-17-bits", part_to_cbor(PICTURE | {"encAlg": 1 << 16}), "C-027")
    part("key-without-encryption", part_to_cbor(PICTURE | {"key": "00" * 16}), "C-029")
    part("aad-without-encryption", part_to_cbor(PICTURE | {"aad": "00"}), "C-029")
    part("semantics-3", part_to_cbor(multi(3, null(), null())), "C-069")
    part("multi-of-one-part", part_to_cbor(multi(0, null())), "C-018")
    part("multi-of-no-part", part_to_cbor(multi(0)), "C-018")
    part("parts-are-a-map", [1, "", 3, 0, {"map": []}], "C-016")
    part("parts-on-five-levels", part_to_cbor(nested(MAX_LEVELS + 1)), "C-049", "limit")
    part("1025-parts", part_to_cbor(multi(2, *[null()] * MAX_PARTS)), "C-068", "limit")


def messages():
    vectors = Messages(DRAFT, "mimiContent", "4", Content)
    case = valid_messages(vectors)
    broken_encodings(vectors, case)
    broken_documents(vectors, case)
    return vectors
