"""Participant list [§7.5] and room metadata [§7.6], components of the GroupContext"""

from .. import uri
from ..cases import Computed
from ..inputs import ALICE, BOB, CATHY, ROOM, hexed
from ..tls import OPAQUE, U32, Struct, Text, Vector
from .common import DRAFT, file

PAIR = Struct(user=uri.USER, role_index=U32)
LIST = Struct(participants=Vector(PAIR))
UPDATE = Struct(
    changedRoleParticipants=Vector(Struct(user_index=U32, role_index=U32)),
    removedIndices=Vector(U32),
    addedParticipants=Vector(PAIR),
)
# "a sequence of valid UTF8 without nulls"
STRING = Text("P-124", nul=False)
METADATA = Struct(
    room_uri=uri.ROOM,
    room_name=STRING,
    room_descriptions=Vector(Struct(media_type=STRING, language_tag=STRING, description_content=OPAQUE)),
    # An https URI, or empty for none.
    room_avatar=STRING,
    room_subject=STRING,
    room_mood=STRING,
    check=lambda value: [("rule", "P-124")] if value["room_avatar"] and not value["room_avatar"].startswith("https://") else [],
)


def participants(*pairs):
    return [{"user": user, "role_index": role} for user, role in pairs]


def participant_list():
    vectors = file("ParticipantListData", "7.5", LIST, component="0x0022 participant_list")
    case = vectors.valid("three", {"participants": participants((ALICE, 4), (BOB, 2), (CATHY, 1))})
    vectors.valid("empty", {"participants": []})
    vectors.valid(
        "user-with-a-percent-encoded-name", {"participants": participants(("mimi://a.example/u/%40watch%2Ffor%3Aslashes", 2))}
    )
    vectors.invalid("no-octet", b"", "truncated", "P-007")
    vectors.invalid("cut-off-by-one", case.octets[:-1], "truncated", "P-007")
    vectors.invalid("one-octet-follows", case.octets + b"\0", "trailing", "P-007")
    vectors.invalid_fields("a-room-as-user", case, "bad-uri", "G-07", participants=participants((ROOM, 2)))
    shorter = bytes([case.octets[0], case.octets[1] - 1]) + case.octets[2:-1]
    vectors.invalid("last-role-index-of-three-octets", shorter, "truncated", "P-007")
    return vectors


def participant_list_update():
    vectors = file("ParticipantListUpdate", "7.5", UPDATE, component="0x0022 participant_list")
    fields = {
        "changedRoleParticipants": [{"user_index": 0, "role_index": 3}],
        "removedIndices": [1, 2],
        "addedParticipants": participants((CATHY, 2)),
    }
    case = vectors.valid("changed-removed-added", fields)
    none = {"changedRoleParticipants": [], "removedIndices": [], "addedParticipants": []}
    vectors.valid("nothing", none)
    vectors.valid("added", none | {"addedParticipants": participants((BOB, 2))})
    vectors.cut_and_longer(case)
    vectors.invalid("an-index-of-three-octets", bytes.fromhex("000300000100"), "truncated", "P-007")
    vectors.invalid_fields("a-room-is-added", case, "bad-uri", "G-07", addedParticipants=participants((ROOM, 2)))
    return vectors


def metadata():
    vectors = file("RoomMetaData", "7.6", METADATA, component="0x0023 room_metadata", update="RoomMetaUpdate")
    full = {
        "room_uri": ROOM,
        "room_name": "Clubhouse",
        "room_avatar": "https://hub.example/avatar.png",
        "room_subject": "Spätzle",
        "room_mood": "🥳",
        "room_descriptions": [
            {"media_type": "", "language_tag": "en", "description_content": hexed("Where we meet")},
            {"media_type": "text/markdown;variant=GFM-MIMI", "language_tag": "fr", "description_content": hexed("_ici_")},
        ],
    }
    case = vectors.valid("everything", full)
    empty = {"room_name": "", "room_descriptions": [], "room_avatar": "", "room_subject": "", "room_mood": ""}
    vectors.valid("nothing-but-its-uri", {"room_uri": ROOM} | empty)
    vectors.cut_and_longer(case)
    vectors.invalid_fields("nul-in-the-name", case, "bad-text", "P-124", room_name="Club\0house")
    start = case.spans["room_subject"][0] + 1
    vectors.invalid("subject-is-not-utf-8", case.octets[:start] + b"\xff" + case.octets[start + 1 :], "bad-text", "P-124")
    vectors.invalid_fields("avatar-over-http", case, "rule", "P-124", room_avatar="http://hub.example/avatar.png")
    vectors.invalid_fields("a-user-as-room", case, "bad-uri", "G-07", room_uri=ALICE)
    return vectors


def applied(before, updates):
    """The participants after the updates of one commit, or the rule that they break: each works on the result of the one
    before (G-31), indexes are those before an update (P-120), and nobody is touched twice in a commit (P-121)."""
    touched, participants = set(), before
    for update in updates:
        changed = {change["user_index"]: change["role_index"] for change in update["changedRoleParticipants"]}
        added = update["addedParticipants"]
        indexes = [change["user_index"] for change in update["changedRoleParticipants"]] + update["removedIndices"]
        if any(index >= len(participants) for index in indexes):
            return {"error": {"class": "rule", "rule": "P-120"}}
        users = [participants[index]["user"] for index in indexes] + [pair["user"] for pair in added]
        present = {pair["user"] for pair in participants}
        if len(set(users)) < len(users) or touched & set(users) or present & {pair["user"] for pair in added}:
            return {"error": {"class": "rule", "rule": "P-121"}}
        if 0 in changed.values() or any(pair["role_index"] == 0 for pair in added):
            return {"error": {"class": "rule", "rule": "R-002"}}
        touched |= set(users)
        kept = [
            pair | {"role_index": changed.get(index, pair["role_index"])}
            for index, pair in enumerate(participants)
            if index not in update["removedIndices"]
        ]
        participants = kept + added
    return {"after": {"participants": participants}}


def applications():
    before = participants((ALICE, 4), (BOB, 2), (CATHY, 2))
    dave = "mimi://d.example/u/dave"

    def update(changed=(), removed=(), added=()):
        changes = [{"user_index": index, "role_index": role} for index, role in changed]
        return {"changedRoleParticipants": changes, "removedIndices": list(removed), "addedParticipants": participants(*added)}

    commits = {
        "all-three-at-once": [update([(2, 3)], [1], [(dave, 2)])],
        "removed-from-the-middle-and-the-end": [update(removed=[2, 1])],
        "indexes-are-those-before-the-update": [update([(2, 3)], [0])],
        "the-second-works-on-the-result-of-the-first": [update(removed=[0]), update([(0, 3)])],
        "nothing": [update()],
        "index-outside-of-the-list": [update(removed=[3])],
        "index-of-one-who-is-added": [update([(3, 3)], added=[(dave, 2)])],
        "changed-and-removed": [update([(1, 3)], [1])],
        "removed-and-added-again": [update(removed=[1], added=[(BOB, 2)])],
        "changed-twice": [update([(1, 3), (1, 4)])],
        "touched-in-two-updates": [update([(1, 3)]), update(removed=[1])],
        "added-though-there": [update(added=[(BOB, 3)])],
        "role-0": [update([(1, 0)])],
        "added-with-role-0": [update(added=[(dave, 0)])],
    }
    cases = [{"name": name, "updates": updates} | applied(before, updates) for name, updates in commits.items()]
    return Computed(DRAFT, "participant-list-updates", "7.5", cases, before={"participants": before})


def files():
    yield applications()
    yield participant_list()
    yield participant_list_update()
    yield metadata()
