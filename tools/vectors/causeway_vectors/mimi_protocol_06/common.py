"""What several structures share."""

from .. import mls
from ..cases import File
from ..tls import Enum, Opaque, Text, Verbatim

DRAFT = "mimi-protocol-06"
PROTOCOL = Enum(mls10=1)
OPAQUE = Opaque()
# `string`, which the draft does not define: UTF-8.
STRING = Text("P-124")

KEY_PACKAGE = Verbatim(mls.KEY_PACKAGE)
GROUP_INFO = Verbatim(mls.GROUP_INFO)
WELCOME = Verbatim(mls.WELCOME)
# P-037: handshakes are proposals and commits that the hub can read.
PROPOSAL = mls.message("P-037", "proposal")


def file(structure, section, kind, **more):
    """The vectors of a structure of this draft."""
    return File(DRAFT, structure, section, kind, **more)
