"""Fetch Key Material [§5.2]"""

from .. import mls, uri
from ..inputs import ALICE, ALICE_KEY, BOB, BOB_PHONE, BOB_TABLET, MLS, ROOM, SUITE, basic, x509
from ..tls import U16, Enum, Optional, Select, Struct, Vector, encode
from .common import KEY_PACKAGE, OPAQUE, PROTOCOL, file

LABEL = "KeyMaterialRequestTBS"

TBS = Struct(
    protocol=PROTOCOL,
    requestingUser=uri.USER,
    targetUser=uri.USER,
    roomId=uri.ROOM,
    acceptableCiphersuites=Vector(U16, at_least=1, rule="P-021"),
    requiredCapabilities=mls.REQUIRED_CAPABILITIES,
    requesterSignatureKey=OPAQUE,
    requesterCredential=mls.CREDENTIAL,
)
REQUEST = TBS.then(key_material_request_signature=OPAQUE)

USER_CODE = Enum(
    success=0,
    partialSuccess=1,
    incompatibleProtocol=2,
    noCompatibleMaterial=3,
    userUnknown=4,
    noConsent=5,
    noConsentForThisRoom=6,
    userDeleted=7,
)
CLIENT = Struct(clientStatus=Enum(success=0, keyMaterialExhausted=1, nothingCompatible=2), clientUri=uri.CLIENT).then(
    Select(
        "clientStatus",
        success={"keyPackage": KEY_PACKAGE},
        nothingCompatible={"clientCapabilities": Optional(mls.CAPABILITIES)},
    )
)


def fitting(response):
    """The clients have to fit the code."""
    statuses = [client["clientStatus"] for client in response["clients"]]
    match response["userStatus"]:
        case "success":
            broken = any(status != "success" for status in statuses) and "P-027"
        case "partialSuccess":
            broken = "success" not in statuses and "P-027"
        case "noCompatibleMaterial":
            broken = "success" in statuses and "P-027"
        case _:
            broken = bool(statuses) and "P-023"
    if broken:
        yield "rule", broken


RESPONSE = Struct(protocol=PROTOCOL, userStatus=USER_CODE, userUri=uri.USER, clients=Vector(CLIENT), check=fitting)

CAPABILITIES = {"extension_types": [6], "proposal_types": [8, 10], "credential_types": [1]}


def signed(**changes):
    """A request, and what its signature is over."""
    tbs = {
        "protocol": "mls10",
        "requestingUser": ALICE,
        "targetUser": BOB,
        "roomId": ROOM,
        "acceptableCiphersuites": [SUITE],
        "requiredCapabilities": CAPABILITIES,
        "requesterSignatureKey": ALICE_KEY.public_hex,
        "requesterCredential": basic("mimi://a.example/d/alice/phone"),
    } | changes
    signature, how = mls.signed(ALICE_KEY, LABEL, bytes(encode(TBS, tbs).octets))
    return tbs | {"key_material_request_signature": signature}, how


def request():
    vectors = file("KeyMaterialRequest", "5.2", REQUEST)
    fields, signature = signed()
    case = vectors.valid("for-a-room", fields, signature=signature)
    fields, signature = signed(
        acceptableCiphersuites=[1, 3, 0xF001],
        requiredCapabilities={"extension_types": [], "proposal_types": [], "credential_types": []},
        requesterCredential=x509("3003020101", "3003020102"),
    )
    vectors.valid("three-suites-and-certificates", fields, signature=signature)
    vectors.cut_and_longer(case)
    vectors.invalid("protocol-0-is-reserved", case.put("protocol", b"\x00"), "unknown-value", "P-007")
    vectors.invalid("protocol-2", case.put("protocol", b"\x02"), "unknown-value", "P-007")
    vectors.invalid_fields("no-ciphersuite", case, "rule", "P-021", acceptableCiphersuites=[])
    vectors.invalid_fields("a-room-as-target", case, "bad-uri", "G-07", targetUser=ROOM)
    vectors.invalid_fields("a-user-as-room", case, "bad-uri", "G-07", roomId=BOB)
    vectors.invalid_fields("no-room", case, "bad-uri", "G-07", roomId="")
    long_form = b"\x40" + case.octets[1:2] + case.octets[2:]
    vectors.invalid("length-not-in-its-shortest-form", case.octets[:1] + long_form, "bad-length", "RFC9420-2.1.2")
    vectors.invalid("length-with-prefix-3", case.head("requestingUser", b"\xc0"), "bad-length", "RFC9420-2.1.2")
    return vectors


def to_be_signed():
    vectors = file("KeyMaterialRequestTBS", "5.2", TBS)
    fields, _ = signed()
    del fields["key_material_request_signature"]
    case = vectors.valid("for-a-room", fields)
    vectors.valid("several-suites", fields | {"acceptableCiphersuites": [1, 2, 3]})
    vectors.cut_and_longer(case)
    vectors.invalid("protocol-0-is-reserved", case.put("protocol", b"\x00"), "unknown-value", "P-007")
    vectors.invalid_fields("no-ciphersuite", case, "rule", "P-021", acceptableCiphersuites=[])
    return vectors


def response():
    vectors = file("KeyMaterialResponse", "5.2", RESPONSE)
    supplied = {"clientStatus": "success", "clientUri": BOB_PHONE, "keyPackage": MLS["key_package"]}
    exhausted = {"clientStatus": "keyMaterialExhausted", "clientUri": BOB_TABLET}
    capabilities = {"versions": [1], "cipher_suites": [1], "extensions": [6], "proposals": [8], "credentials": [1]}
    unfit = {"clientStatus": "nothingCompatible", "clientUri": BOB_TABLET, "clientCapabilities": capabilities}

    def fields(code, *clients):
        return {"protocol": "mls10", "userStatus": code, "userUri": BOB, "clients": list(clients)}

    case = vectors.valid("success", fields("success", supplied))
    partial = vectors.valid("partial-success", fields("partialSuccess", supplied, exhausted, unfit))
    unfit_case = vectors.valid("no-compatible-material", fields("noCompatibleMaterial", unfit | {"clientCapabilities": None}))
    for code in ("incompatibleProtocol", "userUnknown", "noConsent", "noConsentForThisRoom", "userDeleted"):
        vectors.valid(f"failure-{code}", fields(code))
    vectors.cut_and_longer(case)
    vectors.invalid("user-status-8", case.put("userStatus", b"\x08"), "unknown-value", "P-007")
    vectors.invalid("client-status-3", partial.put("clients[1].clientStatus", b"\x03"), "unknown-value", "P-007")
    vectors.invalid("presence-2", unfit_case.head("clients[0].clientCapabilities", b"\x02"), "unknown-value", "RFC9420-2.1.1")
    vectors.invalid_fields("success-without-a-key-package", case, "rule", "P-027", clients=[supplied, exhausted])
    vectors.invalid_fields("partial-success-without-any", partial, "rule", "P-027", clients=[exhausted])
    vectors.invalid_fields("no-compatible-material-with-some", partial, "rule", "P-027", userStatus="noCompatibleMaterial")
    vectors.invalid_fields("clients-in-a-failure", case, "rule", "P-023", userStatus="noConsent")
    vectors.invalid_fields("a-user-as-client", case, "bad-uri", "G-07", clients=[supplied | {"clientUri": BOB}])
    return vectors


def files():
    yield request()
    yield to_be_signed()
    yield response()
