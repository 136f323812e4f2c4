"""Fanout Messages and Room Events [§5.5]"""

from .. import mls
from ..errors import Malformed
from ..inputs import MLS, NOW
from ..mls_ratchet_tree_options_04 import FULL_TREE, HUB_HAS_IT, RATCHET_TREE_OPTION
from ..tls import U64, Optional, Select, Struct, Vector
from .common import PROPOSAL, file
from .submit_message import A_FRANK, FRANK

# G-17: no Protocol octet. G-18: by the kind of the message.
FANOUT = Struct(timestamp=U64, message=mls.message("G-18", "application", "welcome", "proposal", "commit")).then(
    Select(
        lambda fields: mls.kind_of_encoded(fields["message"]),
        application={"frank": Optional(FRANK)},
        welcome={"ratchetTreeOption": RATCHET_TREE_OPTION},
        proposal={"moreProposals": Vector(PROPOSAL)},
        commit={"externalProposals": Vector(PROPOSAL)},
    )
)


class Body:
    """The body of `notify`: FanoutMessages, one after the other, at least one (P-066)."""

    def write(self, value, out):
        for index, message in enumerate(value):
            with out.field(f"[{index}]"):
                FANOUT.write(message, out)

    def read(self, reader):
        if reader.at == reader.end:
            raise Malformed("rule", "P-066")
        messages = []
        while reader.at < reader.end:
            messages.append(FANOUT.read(reader))
        return messages


WELCOME = "00010003" + MLS["welcome"]
APPLICATION = {"timestamp": NOW, "message": MLS["application"], "frank": A_FRANK}
A_WELCOME = {"timestamp": NOW + 1, "message": WELCOME, "ratchetTreeOption": FULL_TREE}
A_PROPOSAL = {"timestamp": NOW + 2, "message": MLS["proposal"], "moreProposals": []}
A_COMMIT = {"timestamp": NOW + 3, "message": MLS["commit"], "externalProposals": []}


def one():
    vectors = file("FanoutMessage", "5.5", FANOUT)
    franked = vectors.valid("application-with-frank", APPLICATION)
    vectors.valid("application", APPLICATION | {"frank": None})
    welcome = vectors.valid("welcome-with-tree", A_WELCOME)
    vectors.valid("welcome-without-tree", A_WELCOME | {"ratchetTreeOption": HUB_HAS_IT})
    vectors.valid("proposal", A_PROPOSAL)
    several = vectors.valid("proposals", A_PROPOSAL | {"moreProposals": [MLS["proposal"]]})
    vectors.valid("commit", A_COMMIT)
    vectors.valid("commit-with-external-proposals", A_COMMIT | {"externalProposals": [MLS["proposal"]] * 2})
    vectors.cut_and_longer(franked)
    key_package = bytes.fromhex("00010005" + MLS["key_package"])
    vectors.invalid("a-key-package", franked.octets[:8] + key_package + b"\0", "wrong-message", "G-18")
    group_info = bytes.fromhex("00010004" + MLS["group_info"])
    vectors.invalid("a-group-info", franked.octets[:8] + group_info + b"\0", "wrong-message", "G-18")
    vectors.invalid_fields(
        "an-application-message-among-proposals", several, "wrong-message", "P-037", moreProposals=[MLS["application"]]
    )
    vectors.invalid("presence-2", franked.head("frank", b"\x02"), "unknown-value", "RFC9420-2.1.1")
    vectors.invalid("welcome-without-tree-option", welcome.from_("ratchetTreeOption"), "truncated", "P-007")
    return vectors


def body():
    vectors = file("notify", "5.5", Body(), note="The body of a request: one FanoutMessage or more, concatenated.")
    vectors.valid("one-message", [APPLICATION])
    case = vectors.valid("four-messages", [A_PROPOSAL, A_COMMIT, A_WELCOME, APPLICATION])
    vectors.invalid("empty", b"", "rule", "P-066")
    vectors.invalid("last-message-cut-off", case.octets[:-1], "truncated", "P-007")
    vectors.invalid("an-octet-follows", case.octets + b"\0", "truncated", "P-007")
    broken = case.octets.replace(bytes.fromhex(MLS["commit"]), b"\x00\x01\x00\x06", 1)
    vectors.invalid("second-message-of-wire-format-6", broken, "unknown-value", "G-25")
    return vectors


def files():
    yield one()
    yield body()
