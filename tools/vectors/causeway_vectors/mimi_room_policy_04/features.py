"""Other MIMI policy components [§6]"""

from ..cases import Computed
from ..inputs import HUB, hexed
from ..mls_extensions_09 import MEDIA_TYPE, media_type
from ..tls import OPAQUE, U32, U64, Enum, Optional, Select, Struct, Vector
from .common import BOOL, DOMAIN, DRAFT, OPTIONAL_U32, OPTIONALITY, TEXT, URI, URI_OR_NONE, file, unless_forbidden

STATUS = Struct(delivery_notifications=OPTIONALITY, read_receipts=OPTIONALITY)
# G-61: `opaque join_link<V>` since -04.
JOIN_LINK_POLICY = Struct(on_request=BOOL, join_link=OPAQUE, multiuser=BOOL, expiration=U32)
JOIN_LINK = Struct(join_link=OPAQUE)


class JoinLinks:
    """`JoinLink JoinLinksData<V>`: a vector without a struct around it."""

    links = Vector(JOIN_LINK)

    def write(self, value, out):
        with out.field("JoinLinksData"):
            self.links.write(value["JoinLinksData"], out)

    def read(self, reader):
        return {"JoinLinksData": self.links.read(reader)}


JOIN_LINKS_UPDATE = Struct(removedIndices=Vector(U32), added_links=Vector(JOIN_LINK))


def previewing(value):
    """What the text asks of a LinkPreviewPolicy."""
    if value["autodetect_hyperlinks_in_text"] == "required":
        yield "rule", "R-032"
    if value["link_preview_proxy_use"] != "forbidden" and not value["link_preview_proxy"]:
        yield "rule", "R-033"


LINK_PREVIEW = (
    Struct(
        autodetect_hyperlinks_in_text=OPTIONALITY,
        send_link_previews=OPTIONALITY,
        automatic_link_previews=OPTIONALITY,
        link_preview_proxy_use=OPTIONALITY,
    )
    .then(Select("link_preview_proxy_use", **unless_forbidden(link_preview_proxy=Vector(URI))))
    .checked(previewing)
)

UPLOAD_DOMAIN = Struct(domain=DOMAIN)
DOWNLOAD = Enum(direct=0, hubProxy=1, ohttp=2)


def uploading(value):
    """Uploads to the hub name the hub alone."""
    providers = [domains["provider"]["domain"] for domains in value["upload_domains"]]
    if value["asset_upload_location"] == "hub" and providers != [HUB]:
        yield "rule", "R-036"


ASSETS = Struct(
    asset_upload_location=Enum(unspecified=0, localProvider=1, hub=2),
    upload_domains=Vector(Struct(provider=UPLOAD_DOMAIN, asset_upload_destinations=Vector(UPLOAD_DOMAIN))),
    download_privacy=Struct(
        allowed_download_types=Vector(DOWNLOAD), forbidden_download_types=Vector(DOWNLOAD), default_download_type=DOWNLOAD
    ),
    max_image=U64,
    max_audio=U64,
    max_video=U64,
    max_attachment=U64,
    forbidden_media_types=Vector(MEDIA_TYPE),
    # `optional<MediaType> permitted_media_types<V>`: the list is optional, as the text says (G-58), not each entry.
    permitted_media_types=Optional(Vector(MEDIA_TYPE)),
    check=uploading,
)


def logged(value):
    """Required logging has somebody who logs."""
    if value["logging"] == "required" and not value["logging_clients"]:
        yield "rule", "R-043"


LOGGING = (
    Struct(logging=OPTIONALITY)
    .then(
        Select(
            "logging",
            **unless_forbidden(
                logging_clients=Vector(URI), machine_readable_policy=URI_OR_NONE, human_readable_policy=URI_OR_NONE
            ),
        )
    )
    .checked(logged)
)


def shared(value):
    """Outsiders and banned ones share no history."""
    if {0, 1} & set(value.get("roles_that_can_share", ())):
        yield "rule", "R-047"


HISTORY = (
    Struct(history_sharing=OPTIONALITY)
    .then(
        Select(
            "history_sharing",
            **unless_forbidden(roles_that_can_share=Vector(U32), automatically_share=BOOL, max_time_period=U32),
        )
    )
    .checked(shared)
)


def local(value):
    """A bot of a local client is no participant."""
    if any(bot["local_client_bot"] and bot["bot_role_index"] for bot in value["allowed_bots"]):
        yield "rule", "R-049"


BOTS = Struct(
    allowed_bots=Vector(
        Struct(
            name=TEXT,
            description=TEXT,
            homepage=URI_OR_NONE,
            local_client_bot=BOOL,
            bot_role_index=U32,
            can_target_message_in_group=BOOL,
            per_user_content=BOOL,
        )
    ),
    check=local,
)
EXPIRATION = Struct(expiring_messages=OPTIONALITY).then(
    Select(
        "expiring_messages",
        **unless_forbidden(min_expiration_duration=U32, max_expiration_duration=U32, default_expiration_duration=OPTIONAL_U32),
    )
)


def status():
    vectors = file(
        "StatusNotificationPolicy", "6.1", STATUS, "0x0028 status_notification_policy", "StatusNotificationPolicyUpdate"
    )
    case = vectors.valid("optional-and-forbidden", {"delivery_notifications": "optional", "read_receipts": "forbidden"})
    vectors.valid("required", {"delivery_notifications": "required", "read_receipts": "required"})
    vectors.cut_and_longer(case)
    vectors.invalid("optionality-3", case.put("read_receipts", b"\x03"), "unknown-value", "P-007")
    return vectors


def join_link_policy():
    vectors = file("JoinLinkPolicy", "6.2", JOIN_LINK_POLICY, "0x0029 join_link_policy", "JoinLinkPolicyUpdate")
    link = hexed("https://hub.example/join/new")
    case = vectors.valid("on-request", {"on_request": True, "join_link": link, "multiuser": False, "expiration": 3600})
    vectors.valid("several", {"on_request": False, "join_link": "", "multiuser": True, "expiration": 0})
    vectors.cut_and_longer(case)
    vectors.invalid("bool-2", case.put("multiuser", b"\x02"), "unknown-value", "P-007")
    return vectors


def join_links():
    vectors = file("JoinLinksData", "6.2", JoinLinks(), "0x002A join_links", "JoinLinksUpdate")
    links = [{"join_link": hexed(f"https://hub.example/join/{number}")} for number in (1, 2)]
    case = vectors.valid("two", {"JoinLinksData": links})
    vectors.valid("none", {"JoinLinksData": []})
    vectors.cut_and_longer(case)
    vectors.invalid("link-longer-than-the-list", b"\x02\x05\x00", "truncated", "P-007")
    return vectors


def join_links_update():
    vectors = file("JoinLinksUpdate", "6.2", JOIN_LINKS_UPDATE, "0x002A join_links", "JoinLinksUpdate")
    case = vectors.valid(
        "removed-and-added", {"removedIndices": [1, 0], "added_links": [{"join_link": hexed("https://hub.example/join/3")}]}
    )
    vectors.valid("nothing", {"removedIndices": [], "added_links": []})
    vectors.cut_and_longer(case)
    vectors.invalid("an-index-of-three-octets", bytes.fromhex("0300000100"), "truncated", "P-007")
    return vectors


def join_links_applied(before, update):
    """The links after an update, or the rule that it breaks: removed by index, then appended (R-031)."""
    removed = update["removedIndices"]
    if len(set(removed)) < len(removed) or any(index >= len(before) for index in removed):
        return {"error": {"class": "rule", "rule": "R-031"}}
    return {"after": [link for index, link in enumerate(before) if index not in removed] + update["added_links"]}


def join_links_updates():
    before = [{"join_link": hexed(f"https://hub.example/join/{number}")} for number in range(3)]
    more = {"join_link": hexed("https://hub.example/join/3")}
    updates = {
        "removed-and-added": ([2, 0], [more]),
        "nothing": ([], []),
        "all": ([0, 1, 2], []),
        "added-twice": ([], [more, more]),
        "index-of-one-that-is-added": ([3], [more]),
        "removed-twice": ([1, 1], []),
    }
    cases = []
    for name, (removed, added) in updates.items():
        update = {"removedIndices": removed, "added_links": added}
        cases.append({"name": name, "update": update} | join_links_applied(before, update))
    return Computed(DRAFT, "join-links-updates", "6.2", cases, before=before)


def link_preview():
    vectors = file("LinkPreviewPolicy", "6.3", LINK_PREVIEW, "0x002B link_preview_policy", "LinkPreviewPolicyUpdate")
    fields = {
        "autodetect_hyperlinks_in_text": "forbidden",
        "send_link_previews": "optional",
        "automatic_link_previews": "forbidden",
        "link_preview_proxy_use": "required",
        "link_preview_proxy": ["https://preview.hub.example/"],
    }
    case = vectors.valid("by-proxy", fields)
    without = {key: value for key, value in fields.items() if key != "link_preview_proxy"}
    vectors.valid("no-proxy", without | {"link_preview_proxy_use": "forbidden"})
    vectors.cut_and_longer(case)
    vectors.invalid("optionality-3", case.put("link_preview_proxy_use", b"\x03"), "unknown-value", "P-007")
    vectors.invalid_fields("finding-links-is-required", case, "rule", "R-032", autodetect_hyperlinks_in_text="required")
    vectors.invalid_fields("proxy-required-and-not-named", case, "rule", "R-033", link_preview_proxy=[])
    return vectors


def assets():
    vectors = file("AssetPolicy", "6.4", ASSETS, "0x002C asset_policy", "AssetPolicyUpdate", note=f"The hub is {HUB}.")

    def domains(provider, *hosts):
        return {"provider": {"domain": provider}, "asset_upload_destinations": [{"domain": host} for host in hosts]}

    fields = {
        "asset_upload_location": "localProvider",
        "upload_domains": [domains("a.example", "assets.a.example", "cdn.a.example"), domains("b.example", "b.example")],
        "download_privacy": {
            "allowed_download_types": ["hubProxy", "ohttp"],
            "forbidden_download_types": ["direct"],
            "default_download_type": "hubProxy",
        },
        "max_image": 10_000_000,
        "max_audio": 20_000_000,
        "max_video": 1 << 32,
        "max_attachment": 0,
        "forbidden_media_types": [media_type("text/html"), media_type("image/svg+xml")],
        "permitted_media_types": [media_type("image/png"), media_type("text/plain", charset="utf-8")],
    }
    case = vectors.valid("local-provider", fields)
    hub = {"asset_upload_location": "hub", "upload_domains": [domains("hub.example", "assets.hub.example")]}
    vectors.valid("nothing-permitted", fields | {"permitted_media_types": []})
    vectors.valid("hub", fields | hub | {"permitted_media_types": None})
    vectors.cut_and_longer(case)
    vectors.invalid("location-3", case.put("asset_upload_location", b"\x03"), "unknown-value", "P-007")
    default = case.put("download_privacy.default_download_type", b"\x03")
    vectors.invalid("download-type-3", default, "unknown-value", "P-007")
    vectors.invalid("presence-2", case.head("permitted_media_types", b"\x02"), "unknown-value", "RFC9420-2.1.1")
    address = {"upload_domains": [domains("a.example", "https://assets.a.example")]}
    vectors.invalid_fields("a-url-as-domain", case, "bad-uri", "G-07", **address)
    vectors.invalid_fields("hub-with-two-providers", case, "rule", "R-036", asset_upload_location="hub")
    follower = {"asset_upload_location": "hub", "upload_domains": [domains("a.example", "assets.a.example")]}
    vectors.invalid_fields("hub-with-a-follower", case, "rule", "R-036", **follower)
    return vectors


def logging():
    vectors = file("LoggingPolicy", "6.5", LOGGING, "0x002D logging_policy", "LoggingPolicyUpdate")
    fields = {
        "logging": "required",
        "logging_clients": ["mimi://hub.example/d/logger/1"],
        "machine_readable_policy": "https://hub.example/logging.json",
        "human_readable_policy": "https://hub.example/logging",
    }
    case = vectors.valid("required", fields)
    vectors.valid("forbidden", {"logging": "forbidden"})
    vectors.valid("optional-without-clients", fields | {"logging": "optional", "logging_clients": []})
    vectors.cut_and_longer(case)
    vectors.invalid("optionality-3", case.put("logging", b"\x03"), "unknown-value", "P-007")
    vectors.invalid_fields("a-policy-without-scheme", case, "bad-uri", "P-124", human_readable_policy="hub.example/logging")
    vectors.invalid_fields("required-without-clients", case, "rule", "R-043", logging_clients=[])
    return vectors


def history():
    vectors = file("HistoryPolicy", "6.6", HISTORY, "0x002E chat_history_policy", "HistoryPolicyUpdate")
    fields = {
        "history_sharing": "optional",
        "roles_that_can_share": [3, 4],
        "automatically_share": True,
        "max_time_period": 86400,
    }
    case = vectors.valid("a-day-by-admins", fields)
    vectors.valid("forbidden", {"history_sharing": "forbidden"})
    vectors.cut_and_longer(case)
    vectors.invalid("optionality-3", case.put("history_sharing", b"\x03"), "unknown-value", "P-007")
    vectors.invalid("bool-2", case.put("automatically_share", b"\x02"), "unknown-value", "P-007")
    vectors.invalid_fields("the-banned-share", case, "rule", "R-047", roles_that_can_share=[1, 3])
    return vectors


def bots():
    vectors = file("BotPolicy", "6.7", BOTS, "0x002F bot_policy", "BotPolicyUpdate")
    poker = {
        "name": "poker",
        "description": "deals cards",
        "homepage": "https://bots.example/poker",
        "local_client_bot": False,
        "bot_role_index": 4,
        "can_target_message_in_group": True,
        "per_user_content": True,
    }
    translator = poker | {"name": "translator", "local_client_bot": True, "bot_role_index": 0, "per_user_content": False}
    case = vectors.valid("two", {"allowed_bots": [poker, translator]})
    vectors.valid("none", {"allowed_bots": []})
    vectors.cut_and_longer(case)
    vectors.invalid("bool-2", case.put("allowed_bots[0].local_client_bot", b"\x02"), "unknown-value", "P-007")
    vectors.invalid_fields("a-local-bot-with-a-role", case, "rule", "R-049", allowed_bots=[translator | {"bot_role_index": 2}])
    return vectors


def expiration():
    vectors = file("MessageExpiration", "6.8", EXPIRATION, "0x0030 message_expiration_policy", "MessageExpirationUpdate")
    fields = {
        "expiring_messages": "required",
        "min_expiration_duration": 60,
        "max_expiration_duration": 604800,
        "default_expiration_duration": 3600,
    }
    case = vectors.valid("required-with-default", fields)
    vectors.valid("optional-without-default", fields | {"expiring_messages": "optional", "default_expiration_duration": None})
    vectors.valid("forbidden", {"expiring_messages": "forbidden"})
    vectors.cut_and_longer(case)
    vectors.invalid("optionality-3", case.put("expiring_messages", b"\x03"), "unknown-value", "P-007")
    vectors.invalid("presence-2", case.head("default_expiration_duration", b"\x02"), "unknown-value", "RFC9420-2.1.1")
    vectors.invalid("durations-of-the-forbidden", bytes.fromhex("020000000000000000" + "00"), "trailing", "P-007")
    return vectors


def files():
    yield status()
    yield join_link_policy()
    yield join_links()
    yield join_links_update()
    yield join_links_updates()
    yield link_preview()
    yield assets()
    yield logging()
    yield history()
    yield bots()
    yield expiration()
