"""draft-ietf-mimi-protocol-06"""

from . import (
    abuse,
    consent,
    directory,
    fanout,
    franking,
    group_info,
    identifier,
    key_material,
    pseudonymous,
    room_state,
    submit_message,
    update,
    uris,
)


def files():
    """All its vectors."""
    modules = (
        directory,
        key_material,
        update,
        submit_message,
        fanout,
        group_info,
        consent,
        identifier,
        abuse,
        franking,
        room_state,
        pseudonymous,
        uris,
    )
    for module in modules:
        yield from module.files()
