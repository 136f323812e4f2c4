"""Report abuse [§5.9]"""

from .. import mls, uri
from ..inputs import ALICE, BOB, NOW, hexed
from ..tls import U64, Enum, Struct, Text, Vector
from .common import OPAQUE, file
from .consent import NONE
from .submit_message import A_FRANK, FRANK

MESSAGE = Struct(message_content=OPAQUE, frank=FRANK, accepted_timestamp=U64)
REPORT = Struct(
    # "optionally contains the identity": an empty one is none.
    reportingUser=Text(uri.RULE, lambda text: not text or uri.kind(text) == "u"),
    allegedAbuserUri=uri.USER,
    # G-52: the only value there is.
    reasonCode=Enum(reserved=0),
    note=Text("P-096"),
    messages=Vector(MESSAGE),
    abuse_extensions=mls.APP_DATA_DICTIONARY,
)
A_MESSAGE = {"message_content": hexed("the application_data"), "frank": A_FRANK, "accepted_timestamp": NOW}


def files():
    vectors = file("AbuseReport", "5.9", REPORT)
    fields = {
        "reportingUser": BOB,
        "allegedAbuserUri": ALICE,
        "reasonCode": "reserved",
        "note": "spam, täglich",
        "messages": [A_MESSAGE, A_MESSAGE | {"accepted_timestamp": NOW + 1}],
        "abuse_extensions": NONE,
    }
    case = vectors.valid("two-messages", fields)
    vectors.valid("anonymous-and-without-messages", fields | {"reportingUser": "", "note": "", "messages": []})
    vectors.cut_and_longer(case)
    vectors.invalid("reason-1", case.put("reasonCode", b"\x01"), "unknown-value", "P-007")
    vectors.invalid_fields("nobody-is-alleged", case, "bad-uri", "G-07", allegedAbuserUri="")
    note = case.spans["note"][0] + 1
    vectors.invalid("note-is-not-utf-8", case.octets[:note] + b"\xff" + case.octets[note + 1 :], "bad-text", "P-096")
    yield vectors
