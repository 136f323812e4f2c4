"""The examples of the draft [§5]"""

from ..inputs import VECTORS
from .codec import DRAFT, Content, Messages

# The header comments of the published `examples/*.edn`. (`implied-original.cbor` is stale, and not a message.)
PUBLISHED = {
    "original": "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4",
    "reply": "015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27",
    "reaction": "0158c4288911e50a8f6be3f47746b6682f10fd91bc8c05557aa589a3157aff68",
    "mention": "018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af",
    "mention-html": "01967ff8e9a66819738ad5cf26d2e0388a3b81d86b0f61d129c077d043ee2a4e",
    "edit": "014028c0deddbdea56bec26172f6ede953d11024cb82b8192b5e2aea62d7fb47",
    "delete": "011d9efc78d04d4dcf4d82b07d5199bbef37011c1f0c7e004b6111c6dda504b4",
    "unlike": "013aadbb8f313253c8930f4e93c6ca54b2ed06d258185bdcec3870534c8a4ec4",
    "expiring": "01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03",
    "attachment": "0176180c7d19a925021fe446d241134d05c38e0d999cdc0f39c391d2377ed9d1",
    "conferencing": "01496d15a8dba28d7397f9868b70768e4a67f765d5b5b1ae9e03848c5fdeb0ba",
    "multipart-1": "01da5a515ec5db42cc4dcc19b90c3c31245d8a1cfcce11318f24eb11dce0990e",
    "multipart-2": "01d65918c6c51c8e76546337276ae6f4bfd873d867d5cb57c76bcdca3d999dd7",
    "multipart-3": "01cfebeadbdb83c1eefb6403ba4852daf8bbbf9cd53bf5035a74d5d741950c9f",
}
AN_ID, ANOTHER_ID = PUBLISHED["original"], PUBLISHED["reply"]


def published():
    """The examples of the draft, decoded and encoded again."""
    vectors = Messages(
        DRAFT, "published-examples", "5", Content, source="published/*.cbor: examples of the draft, byte for byte"
    )
    for name, expected in PUBLISHED.items():
        octets = (VECTORS / DRAFT / "published" / f"{name}.cbor").read_bytes()
        case = vectors.valid(name, vectors.decode(octets))
        assert case.octets == octets and vectors.valid_cases[-1]["messageId"] == expected, name
        if name == "original":
            original = case
    vectors.cut_and_longer(original)
    return vectors
