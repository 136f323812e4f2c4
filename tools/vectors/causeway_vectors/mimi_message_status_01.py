"""draft-mahy-mimi-message-status-01"""

from . import cbor
from .cases import CborFile
from .mimi_content_09.published import PUBLISHED

RULE = "C-079"


class Report:
    """MessageStatusReport"""

    @staticmethod
    def to_cbor(fields):
        return [[{"bytes": entry["messageId"]}, entry["status"]] for entry in fields]

    @staticmethod
    def from_cbor(document):
        entries = [entry.items(RULE, 2) for entry in document.items(RULE)]
        return [{"messageId": name.octets(RULE, 32), "status": status.number(RULE, 8)} for name, status in entries]


def files():
    vectors = CborFile("mimi-message-status-01", "MessageStatusReport", "4", Report)
    pairs = (("original", 2), ("reply", 2), ("mention", 0), ("expiring", 3))
    case = vectors.valid(
        "example-of-the-draft", [{"messageId": PUBLISHED[name], "status": status} for name, status in pairs], note="§5"
    )
    assert len(case.octets) == 145
    vectors.valid("empty", [])
    vectors.valid("every-status", [{"messageId": PUBLISHED["original"], "status": status} for status in range(7)])
    vectors.valid("unknown-statuses", [{"messageId": PUBLISHED["original"], "status": status} for status in (7, 23, 24, 255)])
    vectors.cut_and_longer(case)
    vectors.invalid("a-map", cbor.encode({"map": []}), "schema", RULE)
    vectors.invalid("status-256", cbor.encode([[{"bytes": PUBLISHED["original"]}, 256]]), "schema", RULE)
    vectors.invalid("status-is-negative", cbor.encode([[{"bytes": PUBLISHED["original"]}, -1]]), "schema", RULE)
    vectors.invalid("id-of-31-octets", cbor.encode([[{"bytes": "01" * 31}, 1]]), "schema", RULE)
    vectors.invalid("id-is-text", cbor.encode([["0" * 32, 1]]), "schema", RULE)
    vectors.invalid("entry-of-three-items", cbor.encode([[{"bytes": PUBLISHED["original"]}, 1, 1]]), "schema", RULE)
    vectors.invalid("status-in-two-octets", case.octets[:-1] + b"\x18\x03", "not-shortest", "C-040")
    vectors.invalid("indefinite-length", b"\x9f" + case.octets[1:] + b"\xff", "indefinite", "C-040")
    yield vectors
