"""MIMI URIs [§3]"""

from urllib.parse import unquote

from ..cases import TextFile
from ..errors import Malformed
from ..uri import MAX_OCTETS, RULE, kind
from .common import DRAFT

KINDS = {"provider": "provider", "u": "user", "d": "client", "r": "room", "g": "group"}


def read(text):
    """The kind of a URI, and its names."""
    letter = kind(text)
    if letter is None:
        raise Malformed("bad-uri", RULE)
    domain, *segments = text.removeprefix("mimi://").split("/")
    return {"kind": KINDS[letter], "provider": domain, "names": [unquote(name) for name in segments[1:]]}


def files():
    vectors = TextFile(DRAFT, "uri", "3", read)
    valid = {
        "provider": "mimi://a.example",
        "user": "mimi://a.example/u/alice",
        "client": "mimi://a.example/d/alice/ClientA1",
        "room": "mimi://a.example/r/clubhouse",
        "group": "mimi://a.example/g/clubhouse",
        "unreserved-characters": "mimi://a.example/u/a-b.c_d~E9",
        "percent-encoded-octets": "mimi://a.example/u/%40alice%3Ahs.example",
        "utf-8": "mimi://a.example/u/%C3%BCn%C3%AF",
        "a-label": "mimi://xn--bcher-kva.example/r/1",
        "label-of-63": f"mimi://{'a' * 63}.example/r/1",
        "longest": f"mimi://a.example/u/{'a' * (MAX_OCTETS - 19)}",
    }
    invalid = {
        "empty": "",
        "another-scheme": "im:alice@a.example",
        "scheme-in-upper-case": "MIMI://a.example/u/alice",
        "https": "https://a.example/u/alice",
        "no-authority": "mimi:///u/alice",
        "one-label": "mimi://localhost/u/alice",
        "upper-case-domain": "mimi://A.example/u/alice",
        "port": "mimi://a.example:443/u/alice",
        "userinfo": "mimi://alice@a.example/u/alice",
        "ipv4-address": "mimi://192.0.2.1/u/alice",
        "ipv6-address": "mimi://[2001:db8::1]/u/alice",
        "underscore-in-domain": "mimi://a_b.example/u/alice",
        "label-of-64": f"mimi://{'a' * 64}.example/r/1",
        "label-ends-with-hyphen": "mimi://a-.example/r/1",
        "trailing-dot": "mimi://a.example./r/1",
        "unknown-kind": "mimi://a.example/x/alice",
        "no-name": "mimi://a.example/u",
        "empty-name": "mimi://a.example/u/",
        "too-many-names": "mimi://a.example/u/alice/phone",
        "client-without-user": "mimi://a.example/d/phone",
        "trailing-slash": "mimi://a.example/",
        "dot-segment": "mimi://a.example/u/..",
        "lower-case-percent-encoding": "mimi://a.example/u/%c3%bc",
        "needless-percent-encoding": "mimi://a.example/u/%61lice",
        "literal-reserved-character": "mimi://a.example/u/@alice",
        "literal-utf-8": "mimi://a.example/u/ünï",
        "not-utf-8": "mimi://a.example/u/%FF",
        "half-a-percent-encoding": "mimi://a.example/u/a%4",
        "query": "mimi://a.example/u/alice?x=1",
        "fragment": "mimi://a.example/u/alice#x",
        "one-octet-too-long": f"mimi://a.example/u/{'a' * (MAX_OCTETS - 18)}",
    }
    for name, text in valid.items():
        vectors.valid(name, text)
    for name, text in invalid.items():
        vectors.invalid(name, text, "bad-uri", RULE)
    yield vectors
