"""What several components share."""

from ..cases import File
from ..tls import Bool, Enum, Optional, Text, U32

DRAFT = "mimi-room-policy-04"
BOOL = Bool()
# G-59: the selects say `mandatory` for `required`.
OPTIONALITY = Enum(optional=0, required=1, forbidden=2)
# G-58: `optional uint32`
OPTIONAL_U32 = Optional(U32)
# Opaque in the draft, and text by its use.
TEXT = Text("P-124")
URI = Text("P-124")


def file(structure, section, kind, component, update):
    """The vectors of a component; its update has the same structure, unless it has a file of its own."""
    return File(DRAFT, structure, section, kind, component=component, update=update)


def unless_forbidden(**fields):
    """The arms of a select on an Optionality."""
    return {"optional": fields, "required": fields, "forbidden": {}}
