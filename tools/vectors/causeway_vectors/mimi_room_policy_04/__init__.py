"""draft-ietf-mimi-room-policy-04"""

from . import base, features, operational, registry, role_sets, roles


def files():
    """All its vectors."""
    for module in (registry, roles, role_sets, base, features, operational):
        yield from module.files()
