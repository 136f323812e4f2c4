"""What several components share."""

import re

from ..cases import File
from ..tls import U32, Bool, Enum, Optional, Text
from ..uri import is_domain

DRAFT = "mimi-room-policy-04"
BOOL = Bool()
# G-59: the selects say `mandatory` for `required`.
OPTIONALITY = Enum(optional=0, required=1, forbidden=2)
# G-58: `optional uint32`
OPTIONAL_U32 = Optional(U32)
# Opaque in the draft, and text by its use.
TEXT = Text("P-124")
# RFC 3986 §3: a scheme, and the characters that may stand in a URI.
PCHAR = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
SYNTAX = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*:(?://(?:{PCHAR}|[\[\]])*(?=[/?#]|\Z))?(?:{PCHAR}|[/?])*(?:#(?:{PCHAR}|[/?])*)?\Z"
)
URI = Text("P-124", SYNTAX.match)
URI_OR_NONE = Text("P-124", lambda text: not text or SYNTAX.match(text))
DOMAIN = Text("G-07", is_domain)


def file(structure, section, kind, component, update, **more):
    """The vectors of a component; its update has the same structure, unless it has a file of its own."""
    return File(DRAFT, structure, section, kind, component=component, update=update, **more)


def unless_forbidden(**fields):
    """The arms of a select on an Optionality."""
    return {"optional": fields, "required": fields, "forbidden": {}}
