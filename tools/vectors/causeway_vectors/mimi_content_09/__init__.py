"""draft-ietf-mimi-content-09"""

from .. import cbor
from ..cases import Computed
from ..inputs import ALICE, ROOM
from .codec import DRAFT, Content, message_id
from .messages import PLAIN_MESSAGE, messages
from .published import published


def message_ids():
    """Message ids of URIs for which octets and characters, or the border between the two, make a difference."""
    salt, content = "5a" * 16, cbor.encode(Content.to_cbor(PLAIN_MESSAGE))
    pairs = {
        "ordinary": (ALICE, ROOM),
        "octets-not-characters": ("mimi://a.example/u/ünï", "mimi://hub.example/r/🥳"),
        "the-border-moved-left": ("ab", "c"),
        "the-border-moved-right": ("a", "bc"),
        "long": ("mimi://a.example/u/" + "a" * 300, ROOM),
    }
    cases = [
        {
            "name": name,
            "senderUri": sender,
            "roomUri": room,
            "message": content.hex(),
            "salt": salt,
            "messageId": message_id(sender, room, content, salt),
        }
        for name, (sender, room) in pairs.items()
    ]
    return Computed(DRAFT, "message-id", "3.3", cases)


def files():
    yield published()
    yield messages()
    yield message_ids()
