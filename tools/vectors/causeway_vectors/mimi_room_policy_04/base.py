"""Base Room policy [§5]"""

from ..inputs import ROOM
from ..tls import U16, Struct, Vector
from .common import BOOL, OPTIONAL_U32, URI, file


def depending(value):
    """A parent is named exactly where there is one."""
    if len(value["parent_room"]) != int(value["parent_dependant"]):
        yield "rule", "R-019"


BASE = Struct(
    fixed_membership=BOOL,
    parent_dependant=BOOL,
    # G-64: none or one
    parent_room=Vector(URI),
    multi_device=BOOL,
    max_clients=OPTIONAL_U32,
    max_users=OPTIONAL_U32,
    pseudonyms_allowed=BOOL,
    persistent_room=BOOL,
    discoverable=BOOL,
    # G-62: ComponentIDs
    policy_component_ids=Vector(U16),
    check=depending,
)


def files():
    vectors = file("BaseRoomPolicy", "5", BASE, "0x0027 base_room_policy", "BaseRoomUpdate")
    fields = {
        "fixed_membership": False,
        "parent_dependant": False,
        "parent_room": [],
        "multi_device": True,
        "max_clients": None,
        "max_users": None,
        "pseudonyms_allowed": False,
        "persistent_room": True,
        "discoverable": False,
        "policy_component_ids": [0x25, 0x27],
    }
    case = vectors.valid("ordinary", fields)
    child = {
        "fixed_membership": True,
        "parent_dependant": True,
        "parent_room": [ROOM],
        "multi_device": False,
        "max_clients": 0,
        "max_users": 2,
        "pseudonyms_allowed": True,
        "persistent_room": False,
        "discoverable": True,
        "policy_component_ids": [],
    }
    vectors.valid("child-of-another-room", child)
    vectors.cut_and_longer(case)
    vectors.invalid("bool-2", case.put("fixed_membership", b"\x02"), "unknown-value", "P-007")
    vectors.invalid("presence-2", case.head("max_users", b"\x02"), "unknown-value", "RFC9420-2.1.1")
    vectors.invalid_fields("a-parent-without-depending-on-it", case, "rule", "R-019", parent_room=[ROOM])
    vectors.invalid_fields("depending-on-no-parent", case, "rule", "R-019", parent_dependant=True)
    vectors.invalid_fields("two-parents", case, "rule", "R-019", parent_dependant=True, parent_room=[ROOM, ROOM])
    yield vectors
