"""draft-ietf-mls-extensions-09, as far as MIMI needs it"""

from . import mls
from .cases import File
from .inputs import hexed
from .tls import OPAQUE, U16, Octets, Struct, Vector

DRAFT = "mls-extensions-09"

PARAMETER = Struct(parameter_name=OPAQUE, parameter_value=OPAQUE)
MEDIA_TYPE = Struct(media_type=OPAQUE, parameters=Vector(PARAMETER))
FRAMING = Struct(media_type=MEDIA_TYPE, inner_application_content=OPAQUE)
SAFE_AAD = Struct(aad_items=Vector(Struct(component_id=U16, aad_item_data=OPAQUE)), check=mls.increasing("aad_items"))
MEDIA_TYPES = Struct(media_type_list=Vector(MEDIA_TYPE, at_least=1, rule="P-128"))
COMPONENTS = Struct(component_ids=Vector(U16))
FRANK_AAD = Struct(franking_tag=Octets(32))


def media_type(name, **parameters):
    """A MediaType."""
    pairs = [{"parameter_name": hexed(key), "parameter_value": hexed(value)} for key, value in parameters.items()]
    return {"media_type": hexed(name), "parameters": pairs}


def framing():
    vectors = File(DRAFT, "ApplicationFraming", "6.2.4", FRAMING)
    content = {"inner_application_content": "80"}
    case = vectors.valid("mimi-content", {"media_type": media_type("application/mimi-content")} | content)
    vectors.valid("empty-media-type", {"media_type": media_type("")} | content, note="The first of the group's list (G-38).")
    plain = media_type("text/plain", charset="utf-8", format="flowed")
    vectors.valid("with-parameters", {"media_type": plain} | content)
    vectors.cut_and_longer(case)
    vectors.invalid("parameters-out-of-bounds", case.head("media_type.parameters", b"\x3f"), "truncated", "P-007")
    return vectors


def media_types():
    vectors = File(DRAFT, "MediaTypeList", "6.2.2", MEDIA_TYPES, component="0x0003 content_media_types")
    types = [media_type("application/mimi-content"), media_type("text/plain", charset="UTF-8")]
    case = vectors.valid("two", {"media_type_list": types})
    vectors.valid("one", {"media_type_list": types[:1]})
    vectors.cut_and_longer(case)
    vectors.invalid("none", b"\x00", "rule", "P-128")
    return vectors


def components():
    vectors = File(DRAFT, "ComponentsList", "5", COMPONENTS, component="0x0001 app_components, 0x0002 safe_aad")
    case = vectors.valid("three", {"component_ids": [0x20, 0x22, 0x8001]})
    vectors.valid("none", {"component_ids": []})
    vectors.cut_and_longer(case)
    vectors.invalid("one-octet-of-an-id", bytes.fromhex("03002200"), "truncated", "P-007")
    return vectors


def safe_aad():
    vectors = File(DRAFT, "SafeAAD", "4.9", SAFE_AAD)
    frank, other = ({"component_id": number, "aad_item_data": data} for number, data in ((0x20, "7a" * 32), (0x8001, "")))
    case = vectors.valid("frank-aad", {"aad_items": [frank]})
    both = vectors.valid("two-items", {"aad_items": [frank, other]})
    vectors.valid("none", {"aad_items": []})
    vectors.cut_and_longer(case)
    vectors.invalid_fields("out-of-order", both, "unsorted", "P-126", aad_items=[other, frank])
    vectors.invalid_fields("an-item-twice", both, "duplicate", "P-126", aad_items=[frank, frank])
    return vectors


def frank_aad():
    vectors = File("mimi-protocol-06", "FrankAAD", "5.4.1", FRANK_AAD, component="0x0020 frank_aad")
    case = vectors.valid("tag", {"franking_tag": "7a" * 32})
    vectors.cut_and_longer(case)
    return vectors


def dictionary():
    vectors = File(DRAFT, "AppDataDictionary", "4.6", mls.APP_DATA_DICTIONARY)
    first, second = ({"component_id": number, "data": data} for number, data in ((0x22, "00"), (0x25, "")))
    case = vectors.valid("two", {"component_data": [first, second]})
    vectors.valid("none", {"component_data": []})
    vectors.cut_and_longer(case)
    vectors.invalid_fields("out-of-order", case, "unsorted", "P-126", component_data=[second, first])
    vectors.invalid_fields("a-component-twice", case, "duplicate", "P-126", component_data=[first, first])
    return vectors


def app_data_update():
    vectors = File(DRAFT, "AppDataUpdate", "4.7", mls.APP_DATA_UPDATE)
    case = vectors.valid("update", {"component_id": 0x22, "op": "update", "update": "000000"})
    vectors.valid("remove", {"component_id": 0x29, "op": "remove"})
    vectors.cut_and_longer(case)
    vectors.invalid("operation-0-is-invalid", case.put("op", b"\x00"), "unknown-value", "P-007")
    vectors.invalid("operation-3", case.put("op", b"\x03"), "unknown-value", "P-007")
    vectors.invalid("octets-in-a-remove", case.put("op", b"\x02"), "trailing", "P-007")
    return vectors


def files():
    yield framing()
    yield media_types()
    yield components()
    yield safe_aad()
    yield frank_aad()
    yield dictionary()
    yield app_data_update()
