"""draft-mahy-mls-ratchet-tree-options-04"""

from . import mls
from .cases import File
from .inputs import MLS
from .tls import OPAQUE, Enum, Select, Struct, Verbatim, decode

DRAFT = "mls-ratchet-tree-options-04"

# G-22: `full` is the tree as in RFC 9420; the name of `httpsUri` is `httpsUrl` in the select. The `tree_signature` of -03 is gone.
RATCHET_TREE_OPTION = Struct(representation=Enum(full=1, httpsUri=2, outOfBand=3, distributionService=4)).then(
    Select(
        "representation",
        full={"ratchet_tree": Verbatim(mls.RATCHET_TREE)},
        httpsUri={"ratchet_tree_url": OPAQUE},
        outOfBand={},
        distributionService={},
    )
)
PARTIAL_GROUP_INFO = Struct(
    ratchet_tree_presence=Enum(no_ratchet_tree=0, present=1, removed=2, added=3),
    group_info_extensions=mls.EXTENSIONS,
    signature=OPAQUE,
)
FULL_TREE = {"representation": "full", "ratchet_tree": MLS["ratchet_tree"]}
HUB_HAS_IT = {"representation": "distributionService"}
A_PARTIAL_GROUP_INFO = {
    "ratchet_tree_presence": "no_ratchet_tree",
    "group_info_extensions": decode(mls.EXTENSIONS, bytes.fromhex("24" + MLS["external_pub"])),
    "signature": "51" * 64,
}


def option():
    vectors = File(DRAFT, "RatchetTreeOption", "3", RATCHET_TREE_OPTION)
    full = vectors.valid("full", FULL_TREE)
    url = b"https://a.example/tree".hex()
    elsewhere = vectors.valid("https-uri", {"representation": "httpsUri", "ratchet_tree_url": url})
    out_of_band = vectors.valid("out-of-band", {"representation": "outOfBand"})
    vectors.valid("distribution-service", HUB_HAS_IT)
    vectors.cut_and_longer(full)
    signature = bytes.fromhex("4040" + "51" * 64)
    vectors.invalid("https-uri-with-the-signature-of-03", elsewhere.octets + signature, "trailing", "P-007")
    vectors.invalid("out-of-band-with-the-signature-of-03", out_of_band.octets + signature, "trailing", "P-007")
    vectors.invalid("https-uri-cut-off-by-one", elsewhere.octets[:-1], "truncated", "P-007")
    vectors.invalid("representation-0-is-reserved", b"\x00", "unknown-value", "P-007")
    vectors.invalid("representation-5", b"\x05", "unknown-value", "P-007")
    vectors.invalid("a-node-that-is-neither-blank-nor-there", bytes.fromhex("010102"), "unknown-value", "RFC9420-2.1.1")
    return vectors


def partial():
    vectors = File(DRAFT, "PartialGroupInfo", "4", PARTIAL_GROUP_INFO)
    case = vectors.valid("with-external-pub", A_PARTIAL_GROUP_INFO)
    vectors.valid("without-extensions", A_PARTIAL_GROUP_INFO | {"ratchet_tree_presence": "added", "group_info_extensions": []})
    for presence in ("present", "removed"):
        vectors.valid(f"tree-{presence}", A_PARTIAL_GROUP_INFO | {"ratchet_tree_presence": presence})
    vectors.cut_and_longer(case)
    vectors.invalid("presence-4", case.put("ratchet_tree_presence", b"\x04"), "unknown-value", "P-007")
    return vectors


def files():
    yield option()
    yield partial()
