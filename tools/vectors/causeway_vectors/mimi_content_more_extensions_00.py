"""draft-mimi-content-more-extensions-00: the values of its extensions of MIMI content"""

from . import cbor
from .cases import CborFile
from .inputs import hexed
from .mimi_content_09.extensions import EXTERNAL_ID, LAST_SEEN, SUBJECT, TIMESTAMP, ExternalId, LastSeen, Subject, Timestamp
from .mimi_content_09.published import AN_ID, ANOTHER_ID

DRAFT = "mimi-content-more-extensions-00"


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
    case = vectors.valid(
        "enterprise-number", {"id": "08bbeeb8175c4a64a8926a5a23bb2811", "scope": 311}, note="the example of the draft"
    )
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
    vectors.invalid("id-with-another-hash-algorithm", cbor.encode([{"bytes": "02" * 32}]), "schema", "C-062")
    vectors.invalid("a-map", cbor.encode({"map": []}), "schema", LAST_SEEN)
    return vectors


def files():
    yield timestamp()
    yield external_id()
    yield subject()
    yield last_seen()
