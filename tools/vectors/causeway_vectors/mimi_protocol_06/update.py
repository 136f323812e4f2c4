"""Update Room State [§5.3]"""

from .. import mls
from ..inputs import MLS, NOW
from ..mls_ratchet_tree_options_04 import (
    A_PARTIAL_GROUP_INFO,
    FULL_TREE,
    HUB_HAS_IT,
    PARTIAL_GROUP_INFO,
    RATCHET_TREE_OPTION,
)
from ..tls import U64, Enum, Optional, Select, Struct, Vector
from .common import GROUP_INFO, OPAQUE, PROPOSAL, STRING, WELCOME, file

GROUP_INFO_OPTION = Struct(representation=Enum(full=1, partial=2)).then(
    Select("representation", full={"groupInfo": GROUP_INFO}, partial={"partialGroupInfo": PARTIAL_GROUP_INFO})
)
# G-17: no Protocol octet, since none is a field.
REQUEST = Struct(proposalOrCommit=mls.message("P-037", "proposal", "commit")).then(
    Select(
        lambda fields: mls.kind_of_encoded(fields["proposalOrCommit"]),
        commit={
            "welcome": Optional(WELCOME),
            "groupInfoOption": GROUP_INFO_OPTION,
            "ratchetTreeOption": RATCHET_TREE_OPTION,
        },
        proposal={"moreProposals": Vector(PROPOSAL)},
    )
)
RESPONSE = Struct(responseCode=Enum(success=0, wrongEpoch=1, notAllowed=2, invalidProposal=3), errorDescription=STRING).then(
    Select(
        "responseCode",
        success={"accepted_timestamp": U64},
        wrongEpoch={"currentEpoch": U64},
        invalidProposal={"invalidProposals": Vector(OPAQUE)},
    )
)


def request():
    vectors = file("UpdateRequest", "5.3", REQUEST)
    full = {"representation": "full", "groupInfo": MLS["group_info"]}
    adding = {
        "proposalOrCommit": MLS["commit"],
        "welcome": MLS["welcome"],
        "groupInfoOption": full,
        "ratchetTreeOption": FULL_TREE,
    }
    case = vectors.valid("commit-that-adds", adding)
    vectors.valid("commit-without-welcome", adding | {"welcome": None, "ratchetTreeOption": HUB_HAS_IT})
    partial = {"representation": "partial", "partialGroupInfo": A_PARTIAL_GROUP_INFO}
    vectors.valid("commit-with-partial-group-info", adding | {"groupInfoOption": partial})
    proposal = vectors.valid("one-proposal", {"proposalOrCommit": MLS["proposal"], "moreProposals": []})
    vectors.valid("three-proposals", {"proposalOrCommit": MLS["proposal"], "moreProposals": [MLS["proposal"]] * 2})
    vectors.cut_and_longer(case)
    vectors.invalid("application-message", bytes.fromhex(MLS["application"]) + b"\0", "wrong-message", "P-037")
    more = {"moreProposals": [MLS["commit"]]}
    vectors.invalid_fields("a-commit-among-the-proposals", proposal, "wrong-message", "P-037", **more)
    vectors.invalid("wire-format-6", b"\x00\x01\x00\x06" + proposal.octets[4:], "unknown-value", "G-25")
    vectors.invalid("mls-2.0", b"\x00\x02" + proposal.octets[2:], "unknown-value", "P-007")
    vectors.invalid("presence-2", case.head("welcome", b"\x02"), "unknown-value", "RFC9420-2.1.1")
    start = case.head("groupInfoOption", b"\x00")
    vectors.invalid("group-info-representation-0-is-reserved", start, "unknown-value", "P-007")
    vectors.invalid("without-its-tree", case.from_("ratchetTreeOption"), "truncated", "P-007")
    return vectors


def group_info_option():
    vectors = file("GroupInfoOption", "5.3", GROUP_INFO_OPTION)
    full = vectors.valid("full", {"representation": "full", "groupInfo": MLS["group_info"]})
    part = {"representation": "partial", "partialGroupInfo": A_PARTIAL_GROUP_INFO}
    partial = vectors.valid("partial", part)
    bare = A_PARTIAL_GROUP_INFO | {"group_info_extensions": [], "signature": ""}
    vectors.valid("partial-without-extensions", part | {"partialGroupInfo": bare})
    vectors.cut_and_longer(full)
    vectors.invalid("partial-cut-off-by-one", partial.octets[:-1], "truncated", "P-007")
    vectors.invalid("partial-and-one-octet", partial.octets + b"\0", "trailing", "P-007")
    vectors.invalid("partial-without-signature", partial.from_("partialGroupInfo.signature"), "truncated", "P-007")
    presence = partial.put("partialGroupInfo.ratchet_tree_presence", b"\x04")
    vectors.invalid("partial-with-presence-4", presence, "unknown-value", "P-007")
    length = partial.head("partialGroupInfo.group_info_extensions", b"\x25")
    vectors.invalid("partial-with-an-extension-cut-off", length, "truncated", "P-007")
    prefix = bytes.fromhex("020040")
    vectors.invalid("partial-with-a-length-in-long-form", prefix + b"\x00\x00", "bad-length", "RFC9420-2.1.2")
    vectors.invalid("partial-with-a-length-of-2-to-the-30", b"\x02\x00" + b"\xc0" * 8, "bad-length", "RFC9420-2.1.2")
    for octet in (0, 3):
        odd = full.put("representation", bytes([octet]))
        vectors.invalid(f"representation-{octet}", odd, "unknown-value", "P-007")
    return vectors


def response():
    vectors = file("UpdateRoomResponse", "5.3", RESPONSE)
    case = vectors.valid("success", {"responseCode": "success", "errorDescription": "", "accepted_timestamp": NOW})
    vectors.valid("wrong-epoch", {"responseCode": "wrongEpoch", "errorDescription": "zu spät", "currentEpoch": 1 << 40})
    refused = vectors.valid("not-allowed", {"responseCode": "notAllowed", "errorDescription": "no"})
    references = ["11" * 32, "22" * 32]
    vectors.valid(
        "invalid-proposal", {"responseCode": "invalidProposal", "errorDescription": "", "invalidProposals": references}
    )
    vectors.cut_and_longer(case)
    vectors.invalid("code-4", b"\x04\x00", "unknown-value", "P-007")
    vectors.invalid("description-is-not-utf-8", b"\x02\x01\xff", "bad-text", "P-124")
    vectors.invalid("timestamp-in-a-refusal", refused.octets + case.octets[-8:], "trailing", "P-007")
    return vectors


def files():
    yield request()
    yield group_info_option()
    yield response()
