"""Directory [§5.1]"""

import json

from ..cases import TextFile
from ..errors import Malformed
from .common import DRAFT

KEYS = (
    "keyMaterial",
    "update",
    "notify",
    "submitMessage",
    "groupInfo",
    "requestConsent",
    "updateConsent",
    "identifierQuery",
    "reportAbuse",
    "proxyDownload",
)
AS_PRINTED = """{
  "keyMaterial":
     "https://mimi.example.com/v1/keyMaterial/{targetUser}",
  "update": "https://mimi.example.com/v1/update{roomId}",
  "notify": "https://mimi.example.com/v1/notify/{roomId}",
  "submitMessage":
     "https://mimi.example.com/v1/submitMessage/{roomId}",
  "groupInfo":
     "https://mimi.example.com/v1/groupInfo/{roomId}",
  "requestConsent":
     "https://mimi.example.com/v1/requestConsent/{targetUser}",
  "updateConsent":
     "https://mimi.example.com/v1/updateConsent/{requesterUser}",
  "identifierQuery":
     "https://mimi.example.com/v1/identifierQuery/{domain}",
  "reportAbuse":
     "https://mimi.example.com/v1/reportAbuse/{roomId}",
  "proxyDownload"
     "https://mimi.example.com/v1/proxyDownload/{downloadUrl}"
}"""
CORRECTED = AS_PRINTED.replace('"proxyDownload"\n', '"proxyDownload":\n').replace("update{roomId}", "update/{roomId}")


def once(pairs):
    """An object whose keys are there once."""
    if len({key for key, _ in pairs}) < len(pairs):
        raise Malformed("schema", "P-016")
    return dict(pairs)


def read(text):
    """A template for each key; other keys are of no concern."""
    try:
        directory = json.loads(text, object_pairs_hook=once)
    except ValueError:
        raise Malformed("schema", "P-016") from None
    if not isinstance(directory, dict) or not all(isinstance(directory.get(key), str) for key in KEYS):
        raise Malformed("schema", "P-016")
    return {key: directory[key] for key in KEYS}


def files():
    vectors = TextFile(DRAFT, "directory", "5.1", read)
    compact = json.dumps(json.loads(CORRECTED), separators=(",", ":"))
    vectors.valid("as-meant-in-the-draft", CORRECTED)
    vectors.valid("compact", compact)
    vectors.valid("an-unknown-key", compact[:-1] + ',"notify_v2":"https://mimi.example.com/v2/notify/{roomId}"}')
    vectors.invalid("as-printed-in-the-draft", AS_PRINTED, "schema", "P-016", note="A colon is missing (G-03).")
    vectors.invalid("empty", "", "schema", "P-016")
    vectors.invalid("no-notify", compact.replace('"notify"', '"Notify"'), "schema", "P-016")
    template = '"https://mimi.example.com/v1/notify/{roomId}"'
    vectors.invalid("notify-is-a-number", compact.replace(template, "7"), "schema", "P-016")
    vectors.invalid("notify-twice", compact[:-1] + f',"notify":{template}}}', "schema", "P-016")
    vectors.invalid("a-list", "[]", "schema", "P-016")
    yield vectors
