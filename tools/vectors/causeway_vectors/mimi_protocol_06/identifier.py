"""Find internal address [§5.8]"""

from .. import mls, uri
from ..inputs import ALICE, BOB, hexed
from ..tls import Enum, Select, Struct, Text, Vector
from .common import OPAQUE, STRING, file
from .consent import NONE

SEARCH_TYPE = Enum(handle=1, nick=2, email=3, phone=4, partialName=5, wholeProfile=6, oidcStdClaim=7, vcardField=8)
QUERY_ELEMENT = Struct(searchType=SEARCH_TYPE).then(
    Select("searchType", oidcStdClaim={"claimName": OPAQUE}, vcardField={"propertyName": OPAQUE}),
    searchValue=Text("P-092"),
)
REQUEST = Struct(query_elements=Vector(QUERY_ELEMENT), id_request_extensions=mls.APP_DATA_DICTIONARY)
PROFILE_FIELD = Struct(fieldSource=Enum(oidcStdClaim=7, vcardField=8), fieldName=STRING, fieldValue=OPAQUE)
PROFILE = Struct(stableUri=uri.USER, fields=Vector(PROFILE_FIELD))
RESPONSE = Struct(
    responseCode=Enum(success=0, notFound=1, ambiguous=2, forbidden=3, unsupportedField=4),
    uri=Vector(uri.USER),
    foundProfiles=Vector(PROFILE),
    id_response_extensions=mls.APP_DATA_DICTIONARY,
)


def element(kind, value, **name):
    return {"searchType": kind} | {key: hexed(text) for key, text in name.items()} | {"searchValue": value}


def request():
    vectors = file("IdentifierRequest", "5.8", REQUEST)
    case = vectors.valid(
        "handle", {"query_elements": [element("handle", "im:alice.smith@a.example")], "id_request_extensions": NONE}
    )
    elements = [
        element("nick", "alice.smith"),
        element("email", "asmith@a.example"),
        element("phone", "+12125551212"),
        element("partialName", "mat"),
        element("wholeProfile", "Zürich"),
        element("oidcStdClaim", "Alice", claimName="given_name"),
        element("vcardField", "Example Inc.", propertyName="ORG"),
    ]
    every = vectors.valid("every-other-type", {"query_elements": elements, "id_request_extensions": NONE})
    vectors.cut_and_longer(case)
    first = "query_elements[0].searchType"
    vectors.invalid("type-0-is-reserved", case.put(first, b"\x00"), "unknown-value", "P-007")
    vectors.invalid("type-9", case.put(first, b"\x09"), "unknown-value", "P-007")
    value = every.spans["query_elements[0].searchValue"][0] + 1
    broken = every.octets[:value] + b"\xff" + every.octets[value + 1 :]
    vectors.invalid("value-is-not-utf-8", broken, "bad-text", "P-092")
    return vectors


PROFILE_FIELDS = [
    {"fieldSource": "oidcStdClaim", "fieldName": "given_name", "fieldValue": hexed("Alice")},
    {"fieldSource": "vcardField", "fieldName": "ORG", "fieldValue": hexed("Example Inc.")},
]


def profile():
    vectors = file("UserProfile", "5.8", PROFILE)
    case = vectors.valid("two-fields", {"stableUri": ALICE, "fields": PROFILE_FIELDS})
    vectors.valid("no-fields", {"stableUri": BOB, "fields": []})
    vectors.cut_and_longer(case)
    vectors.invalid("source-6-is-a-search-type-only", case.put("fields[0].fieldSource", b"\x06"), "unknown-value", "P-007")
    name = case.spans["fields[0].fieldName"][0] + 1
    broken = case.octets[:name] + b"\xff" + case.octets[name + 1 :]
    vectors.invalid("name-is-not-utf-8", broken, "bad-text", "P-124")
    return vectors


def response():
    vectors = file("IdentifierResponse", "5.8", RESPONSE)
    found = {
        "responseCode": "success",
        "uri": [ALICE],
        "foundProfiles": [{"stableUri": ALICE, "fields": PROFILE_FIELDS}],
        "id_response_extensions": NONE,
    }
    case = vectors.valid("one-profile", found)
    profiles = [{"stableUri": ALICE, "fields": []}, {"stableUri": BOB, "fields": []}]
    vectors.valid("two-profiles", found | {"uri": [ALICE, BOB], "foundProfiles": profiles})
    for code in ("notFound", "ambiguous", "forbidden", "unsupportedField"):
        vectors.valid(f"failure-{code}", {"responseCode": code, "uri": [], "foundProfiles": [], "id_response_extensions": NONE})
    vectors.cut_and_longer(case)
    vectors.invalid("code-5", case.put("responseCode", b"\x05"), "unknown-value", "P-007")
    source = "foundProfiles[0].fields[0].fieldSource"
    vectors.invalid("source-0-is-reserved", case.put(source, b"\x00"), "unknown-value", "P-007")
    vectors.invalid("source-1-is-a-search-type-only", case.put(source, b"\x01"), "unknown-value", "P-007")
    vectors.invalid_fields("a-profile-without-uri", case, "bad-uri", "G-07", foundProfiles=[{"stableUri": "", "fields": []}])
    return vectors


def files():
    yield request()
    yield profile()
    yield response()
