"""The values of the extensions of draft-mimi-content-more-extensions-00"""

FRACTIONS = {-3: 999, -6: 999_999, -9: 999_999_999}
TIMESTAMP, EXTERNAL_ID, SUBJECT, LAST_SEEN = (f"more-extensions-00 §{section}" for section in (3, 4, 5, 6))


class Timestamp:
    """`{1: uint, ? fractional}`"""

    @staticmethod
    def to_cbor(fields):
        return {"map": [[1, fields["seconds"]], *([int(key), value] for key, value in fields["fraction"].items())]}

    @staticmethod
    def from_cbor(document):
        (one, seconds), *fractions = document.expect(1 <= len(document.entries(TIMESTAMP)) <= 2, TIMESTAMP).entries(TIMESTAMP)
        one.expect(type(one.value) is int and one.value == 1, TIMESTAMP)
        fields = {"seconds": seconds.number(TIMESTAMP, 64), "fraction": {}}
        for key, value in fractions:
            key.expect(type(key.value) is int and key.value in FRACTIONS, TIMESTAMP)
            value.expect(value.number(TIMESTAMP, 64) <= FRACTIONS[key.value], TIMESTAMP)
            fields["fraction"][str(key.value)] = value.value
        return fields


class ExternalId:
    """`[bstr, scope]`"""

    @staticmethod
    def to_cbor(fields):
        return [{"bytes": fields["id"]}, fields["scope"]]

    @staticmethod
    def from_cbor(document):
        name, scope = document.items(EXTERNAL_ID, 2)
        value = scope.value
        is_uri = isinstance(value, dict) and value.get("tag", [None, None])[0] == 32 and isinstance(value["tag"][1], str)
        scope.expect(isinstance(value, str) or is_uri or (type(value) is int and value > 0), EXTERNAL_ID)
        return {"id": name.octets(EXTERNAL_ID), "scope": value}


class Subject:
    """`tstr .size (1..4096)`"""

    @staticmethod
    def to_cbor(fields):
        return fields

    @staticmethod
    def from_cbor(document):
        return document.expect(1 <= len(document.text(SUBJECT).encode()) <= 4096, SUBJECT).value


class LastSeen:
    """`[* MessageId] / [* ExtMessageId]`"""

    @staticmethod
    def to_cbor(fields):
        return [ExternalId.to_cbor(entry) if "scope" in entry else {"bytes": entry["messageId"]} for entry in fields]

    @staticmethod
    def from_cbor(document):
        items = document.items(LAST_SEEN)
        if items and isinstance(items[0].value, list):
            return [ExternalId.from_cbor(item) for item in items]
        return [{"messageId": item.expect(item.octets(LAST_SEEN, 32)[:2] == "01", "C-062").octets(LAST_SEEN)} for item in items]
