"""`mimi://` URIs [mimi-protocol-06 §3], in the one form that SPEC.md §3 gives their notional syntax (G-07)."""

import ipaddress
import re
from urllib.parse import quote, unquote_to_bytes

from .tls import Text

RULE = "G-07"
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
MAX_OCTETS = 2048
# How many names follow the letter of a kind.
NAMES = {"u": 1, "d": 2, "r": 1, "g": 1}


def is_domain(name):
    """A lower-case DNS name of two labels or more, not an address."""
    labels = name.split(".")
    if len(name) > 253 or len(labels) < 2 or not all(LABEL.match(label) for label in labels):
        return False
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return True
    return False


def is_segment(text):
    """UTF-8 in its one percent-encoding, neither empty nor a dot segment."""
    try:
        name = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return False
    return text not in ("", ".", "..") and quote(name, safe="-._~") == text


def kind(text):
    """`provider`, `u`, `d`, `r` or `g`; None for what is no MIMI URI."""
    if len(text.encode()) > MAX_OCTETS or not text.startswith("mimi://"):
        return None
    domain, *segments = text.removeprefix("mimi://").split("/")
    if not is_domain(domain) or not all(map(is_segment, segments)):
        return None
    if not segments:
        return "provider"
    letter, *names = segments
    return letter if len(names) == NAMES.get(letter) else None


def of_kind(wanted):
    """An IdentifierUri of a kind."""
    return Text(RULE, lambda text: kind(text) == wanted)


USER, CLIENT, ROOM = of_kind("u"), of_kind("d"), of_kind("r")
ANY = Text(RULE, lambda text: kind(text) is not None)
