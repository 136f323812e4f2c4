"""draft-mimi-content-more-extensions-00: the values of its extensions of MIMI content"""

from . import cbor
from .cases import CborFile
from .inputs import hexed
from .mimi_content_09 import AN_ID, ANOTHER_ID

DRAFT = "mimi-content-more-extensions-00"
FRACTIONS = {-3: 999, -6: 999_999, -9: 999_999_999}
TIMESTAMP, EXTERNAL_ID, SUBJECT, LAST_SEEN = (f"more-extensions-{section}" for section in (3, 4, 5, 6))


class Timestamp:
    """`{1: uint, ? fractional}`"""

    @staticmethod
    def to_cbor(fields):
        return {"map": [[1, fields["seconds"]], *([int(key), value] for key, value in fields["fraction"].items())]}

    @staticmethod
    def from_cbor(document):
        entries = {key.value: value for key, value in document.entries(TIMESTAMP)}
        document.expect(1 in entries and len(entries) <= 2 and all(type(key) is int for key in entries), TIMESTAMP)
        seconds = entries.pop(1).number(TIMESTAMP, 64)
        fraction = {}
        for key, value in entries.items():
            document.expect(key in FRACTIONS, TIMESTAMP)
            value.expect(value.number(TIMESTAMP, 64) <= FRACTIONS[key], TIMESTAMP)
            fraction[str(key)] = value.value
        return {"seconds": seconds, "fraction": fraction}


class ExternalId:
    """`[bstr, scope]`"""

    @staticmethod
    def to_cbor(fields):
        return [{"bytes": fields["id"]}, fields["scope"]]

    @staticmethod
    def from_cbor(document):
        name, scope = document.items(EXTERNAL_ID, 2)
        value = scope.value
        is_uri = isinstance(value, dict) and value.get("tag", [None, None])[0] == 32 and isinstance(value["tag"][1], str)
        scope.expect(isinstance(value, str) or is_uri or (type(value) is int and value > 0), EXTERNAL_ID)
        return {"id": name.octets(EXTERNAL_ID), "scope": value}


class Subject:
    """`tstr .size (1..4096)`"""

    @staticmethod
    def to_cbor(fields):
        return fields

    @staticmethod
    def from_cbor(document):
        return document.expect(1 <= len(document.text(SUBJECT).encode()) <= 4096, SUBJECT).value


class LastSeen:
    """`[* MessageId] / [* ExtMessageId]`"""

    @staticmethod
    def to_cbor(fields):
        return [ExternalId.to_cbor(entry) if "scope" in entry else {"bytes": entry["messageId"]} for entry in fields]

    @staticmethod
    def from_cbor(document):
        items = document.items(LAST_SEEN)
        if any(isinstance(item.value, list) for item in items):
            for item in items:
                item.items(LAST_SEEN, 2)
            return [ExternalId.from_cbor(item) for item in items]
        return [{"messageId": item.octets(LAST_SEEN, 32)} for item in items]


def timestamp():
    vectors = CborFile(DRAFT, "senderTimestamp", "3", Timestamp, extension=3)
    case = vectors.valid("microseconds", {"seconds": 1762760377, "fraction": {"-6": 462917}}, note="the example of the draft")
    vectors.valid("seconds", {"seconds": 0, "fraction": {}})
    vectors.valid("milliseconds", {"seconds": 1762760377, "fraction": {"-3": 999}})
    vectors.valid("nanoseconds", {"seconds": 1762760377, "fraction": {"-9": 999_999_999}})
    vectors.cut_and_longer(case)
    vectors.invalid("without-seconds", cbor.encode({"map": [[-3, 1]]}), "schema", TIMESTAMP)
    vectors.invalid("two-fractions", cbor.encode({"map": [[1, 1], [-3, 1], [-6, 1]]}), "schema", TIMESTAMP)
    vectors.invalid("1000-milliseconds", cbor.encode({"map": [[1, 1], [-3, 1000]]}), "schema", TIMESTAMP)
    vectors.invalid("tenths", cbor.encode({"map": [[1, 1], [-1, 1]]}), "schema", TIMESTAMP)
    vectors.invalid("negative-seconds", cbor.encode({"map": [[1, -1]]}), "schema", TIMESTAMP)
    vectors.invalid("a-number", cbor.encode(1762760377), "schema", TIMESTAMP)
    return vectors


def external_id():
    vectors = CborFile(DRAFT, "externalMessageId", "4", ExternalId, extension=4)
    case = vectors.valid("enterprise-number", {"id": "08bbeeb8175c4a64a8926a5a23bb2811", "scope": 311}, note="the example of the draft")
    vectors.valid("domain", {"id": hexed("$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg"), "scope": "hs.example"})
    vectors.valid("uri", {"id": "00", "scope": {"tag": [32, "https://hs.example/"]}})
    vectors.cut_and_longer(case)
    vectors.invalid("enterprise-number-0", cbor.encode([{"bytes": "00"}, 0]), "schema", EXTERNAL_ID)
    vectors.invalid("without-scope", cbor.encode([{"bytes": "00"}]), "schema", EXTERNAL_ID)
    vectors.invalid("id-is-text", cbor.encode(["00", "hs.example"]), "schema", EXTERNAL_ID)
    vectors.invalid("scope-is-bytes", cbor.encode([{"bytes": "00"}, {"bytes": "00"}]), "schema", EXTERNAL_ID)
    return vectors


def subject():
    vectors = CborFile(DRAFT, "subject", "5", Subject, extension=5)
    case = vectors.valid("example-of-the-draft", "This space intentionally left blank")
    vectors.valid("4096-octets", "é" * 2048)
    vectors.cut_and_longer(case)
    vectors.invalid("no-octet", cbor.encode(""), "schema", SUBJECT)
    vectors.invalid("4097-octets", cbor.encode("é" * 2048 + "x"), "schema", SUBJECT)
    vectors.invalid("bytes", cbor.encode({"bytes": "00"}), "schema", SUBJECT)
    return vectors


def last_seen():
    vectors = CborFile(DRAFT, "lastSeen", "6", LastSeen, extension=256)
    case = vectors.valid("two-messages", [{"messageId": AN_ID}, {"messageId": ANOTHER_ID}])
    vectors.valid("nothing-seen", [])
    vectors.valid("external-messages", [{"id": "00", "scope": "hs.example"}, {"id": "01", "scope": 311}])
    vectors.cut_and_longer(case)
    vectors.invalid("both-kinds", cbor.encode([{"bytes": AN_ID}, [{"bytes": "00"}, 311]]), "schema", LAST_SEEN)
    vectors.invalid("id-of-31-octets", cbor.encode([{"bytes": "01" * 31}]), "schema", LAST_SEEN)
    vectors.invalid("a-map", cbor.encode({"map": []}), "schema", LAST_SEEN)
    return vectors


def files():
    yield timestamp()
    yield external_id()
    yield subject()
    yield last_seen()
