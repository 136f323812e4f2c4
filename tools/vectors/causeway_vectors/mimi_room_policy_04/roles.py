"""Roles [§3] and preauthorized users [§4]"""

from ..tls import OPAQUE, U16, U32, Struct, Vector
from .common import OPTIONAL_U32, TEXT, file
from .registry import NUMBERS

CHANGE = Struct(from_role_index=U32, target_role_indexes=Vector(U32))
ROLE = Struct(
    role_index=U32,
    role_name=TEXT,
    role_description=TEXT,
    role_capabilities=Vector(U16),
    minimum_participants_constraint=U32,
    maximum_participants_constraint=OPTIONAL_U32,
    minimum_active_participants_constraint=U32,
    maximum_active_participants_constraint=OPTIONAL_U32,
    authorized_role_changes=Vector(CHANGE),
)


def standing(value):
    """What a list of roles must be to stand."""
    roles = value["roles"]
    indexes = {role["role_index"] for role in roles}
    if len(indexes) < len(roles):
        yield "rule", "R-001"
    for role in roles:
        for change in role["authorized_role_changes"]:
            if not {change["from_role_index"], *change["target_role_indexes"]} <= indexes | {0}:
                yield "rule", "R-007"
    for role in roles:
        for which in ("participants", "active_participants"):
            most = role[f"maximum_{which}_constraint"]
            if most is not None and role[f"minimum_{which}_constraint"] > most:
                yield "rule", "R-003"
    if any(role["role_index"] and NUMBERS["canOpenJoin"] in role["role_capabilities"] for role in roles):
        yield "rule", "R-060"


ROLES = Struct(roles=Vector(ROLE), check=standing)
CLAIM = Struct(claim_id=Struct(credential_type=U16, id=OPAQUE), claim_value=OPAQUE)
PREAUTH = Struct(preauthorized_entries=Vector(Struct(claimset=Vector(CLAIM), target_role=ROLE)))


def role(index, name, capabilities=(), changes=(), least=0, most=None, least_active=0, most_active=None):
    """A role."""
    return {
        "role_index": index,
        "role_name": name,
        "role_description": "",
        "role_capabilities": list(capabilities),
        "minimum_participants_constraint": least,
        "maximum_participants_constraint": most,
        "minimum_active_participants_constraint": least_active,
        "maximum_active_participants_constraint": most_active,
        "authorized_role_changes": [
            {"from_role_index": source, "target_role_indexes": list(targets)} for source, targets in changes
        ],
    }


MEMBER = role(2, "member", (0x0100, 0x0101), [(0, [2]), (2, [0])])


def roles_list():
    vectors = file("RoleData", "3", ROLES, "0x0025 roles_list", "RoleUpdate")
    outsider = role(0, "no_role", (NUMBERS["canOpenJoin"],), [(0, [2])], most_active=0)
    banned, few = role(1, "banned", most_active=0), role(9, "few", (0xF000, 0x7FFF), least=1, most=2)
    case = vectors.valid("open-room-with-a-gap", {"roles": [outsider, banned, MEMBER, few]})
    vectors.valid("none", {"roles": []})
    vectors.cut_and_longer(case)
    vectors.invalid_fields("an-index-twice", case, "rule", "R-001", roles=[MEMBER, MEMBER])
    vectors.invalid_fields(
        "a-change-to-nowhere",
        case,
        "rule",
        "R-007",
        roles=[MEMBER | {"authorized_role_changes": role(0, "", (), [(2, [7])])["authorized_role_changes"]}],
    )
    vectors.invalid_fields("minimum-above-maximum", case, "rule", "R-003", roles=[role(2, "odd", least=3, most=2)])
    vectors.invalid_fields("open-join-for-members", case, "rule", "R-060", roles=[role(2, "odd", (NUMBERS["canOpenJoin"],))])
    presence = case.head("roles[0].maximum_participants_constraint", b"\x02")
    vectors.invalid("presence-2", presence, "unknown-value", "RFC9420-2.1.1")
    name = case.spans["roles[1].role_name"][0] + 1
    vectors.invalid("name-is-not-utf-8", case.octets[:name] + b"\xff" + case.octets[name + 1 :], "bad-text", "P-124")
    return vectors


def preauth_list():
    vectors = file("PreAuthData", "4", PREAUTH, "0x0026 preauth_list", "PreAuthUpdate")
    organization = {"claim_id": {"credential_type": 2, "id": "060355040a"}, "claim_value": b"Example".hex()}
    unit = {"claim_id": {"credential_type": 0x8000, "id": b"unit".hex()}, "claim_value": ""}
    entries = [{"claimset": [organization, unit], "target_role": MEMBER}, {"claimset": [], "target_role": role(3, "admin")}]
    case = vectors.valid("two-entries", {"preauthorized_entries": entries})
    vectors.valid("none", {"preauthorized_entries": []})
    vectors.cut_and_longer(case)
    presence = case.head("preauthorized_entries[0].target_role.maximum_participants_constraint", b"\x02")
    vectors.invalid("presence-2", presence, "unknown-value", "RFC9420-2.1.1")
    return vectors


def files():
    yield roles_list()
    yield preauth_list()
