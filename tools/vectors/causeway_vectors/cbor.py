"""Deterministically encoded CBOR [RFC 8949 §4.2.1] within the limits of MIMI content [mimi-content-09 §6].

Values are what JSON has, and dictionaries of one entry for what it has not: `{"bytes": hex}`, `{"map": [[key, value], …]}`,
`{"tag": [number, value]}`, `{"float": hex of its binary64}`, `{"simple": number}`, `{"integer": decimal}` beyond 64 bits.
"""

import math
import struct

from .errors import Malformed

ENCODING, ORDER, DUPLICATE, UTF8, KEY, KEY_RANGE, NAN = "C-040", "C-041", "C-013", "C-047", "C-044", "C-045", "C-046"
MAX_KEY = (1 << 53) - 1
BIGNUMS = (2, 3)
SIMPLE = {20: False, 21: True, 22: None}


def head(major, argument):
    """A head in its shortest form."""
    if argument < 24:
        return bytes([major << 5 | argument])
    for info, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * width:
            return bytes([major << 5 | info]) + argument.to_bytes(width, "big")
    raise ValueError("no head is that long")


def encode(value):
    """The encoding of a value."""
    match value:
        case bool() | None:
            return head(7, next(number for number, simple in SIMPLE.items() if simple is value))
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case str():
            return head(3, len(value.encode())) + value.encode()
        case list():
            return head(4, len(value)) + b"".join(map(encode, value))
        case {"bytes": octets}:
            return head(2, len(octets) // 2) + bytes.fromhex(octets)
        case {"map": entries}:
            pairs = sorted((encode(key), encode(item)) for key, item in entries)
            return head(5, len(pairs)) + b"".join(key + item for key, item in pairs)
        case {"tag": [number, inner]}:
            return head(6, number) + encode(inner)
        case {"float": octets}:
            return encode_float(struct.unpack(">d", bytes.fromhex(octets))[0])
        case {"integer": text}:
            return head(1, -1 - int(text))
        case {"simple": number}:
            return head(7, number)
    raise TypeError(value)


def binary64(number):
    """A float as a value."""
    return {"float": struct.pack(">d", number).hex()}


def encode_float(number):
    """The shortest of the three widths that keeps the value."""
    if math.isnan(number):
        return bytes.fromhex("f97e00")
    for info, form in ((25, ">e"), (26, ">f"), (27, ">d")):
        try:
            octets = struct.pack(form, number)
        except OverflowError:
            continue
        if struct.unpack(form, octets)[0] == number:
            return bytes([7 << 5 | info]) + octets
    raise ValueError(number)


def is_key(value):
    """Whether a value is of a type that keys within MIMI content may have."""
    return type(value) in (int, str) or (isinstance(value, dict) and ("bytes" in value or "integer" in value))


def is_safe(key):
    """Whether a double holds a key, if it is an integer."""
    return abs(key) <= MAX_KEY if type(key) is int else isinstance(key, str) or "bytes" in key


class At:
    """A value in a document, and where it begins."""

    def __init__(self, value, at, inner=()):
        self.value, self.at, self.inner = value, at, inner

    def fail(self, kind, rule):
        """This is what is wrong with the document."""
        raise Malformed(kind, rule, self.at)

    def expect(self, holds, rule, kind="schema"):
        """Fails unless it holds."""
        return self if holds else self.fail(kind, rule)

    def octets(self, rule, size=None, size_rule=None):
        """A byte string, in hexadecimal."""
        self.expect(isinstance(self.value, dict) and "bytes" in self.value, rule)
        self.expect(size is None or len(self.value["bytes"]) == 2 * size, size_rule or rule)
        return self.value["bytes"]

    def text(self, rule):
        """A text string."""
        return self.expect(isinstance(self.value, str), rule).value

    def number(self, rule, bits):
        """An unsigned integer."""
        return self.expect(type(self.value) is int and 0 <= self.value < 1 << bits, rule).value

    def items(self, rule, *sizes):
        """The items of an array, of one of these sizes if any is given."""
        self.expect(isinstance(self.value, list) and (not sizes or len(self.value) in sizes), rule)
        return self.inner

    def entries(self, rule):
        """The keys and items of a map."""
        self.expect(isinstance(self.value, dict) and "map" in self.value, rule)
        return self.inner


def decode(octets):
    """The one item that `octets` are."""
    reader = Reader(octets)
    item = reader.item()
    if reader.at < len(octets):
        raise Malformed("trailing", ENCODING, reader.at)
    return item


class Reader:
    """A position in octets."""

    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def take(self, count):
        if count > len(self.octets) - self.at:
            raise Malformed("truncated", ENCODING)
        self.at += count
        return self.octets[self.at - count : self.at]

    def head(self):
        """Major type, additional information, argument."""
        start = self.at
        first = self.take(1)[0]
        major, info = first >> 5, first & 0x1F
        if info < 24:
            return major, info, info
        if info == 31:
            raise Malformed("indefinite", ENCODING, start)
        if info > 27:
            raise Malformed("reserved", ENCODING, start)
        argument = int.from_bytes(self.take(1 << info - 24), "big")
        least = (24, 1 << 8, 1 << 16, 1 << 32)[info - 24]
        # The argument of a float is the float.
        if argument < least and major != 7:
            raise Malformed("not-shortest", ENCODING, start)
        return major, info, argument

    def item(self):
        start = self.at
        major, info, argument = self.head()
        match major:
            case 0:
                return At(argument, start)
            case 1:
                number = -1 - argument
                return At(number if number >= -(1 << 63) else {"integer": str(number)}, start)
            case 2:
                return At({"bytes": self.take(argument).hex()}, start)
            case 3:
                try:
                    return At(self.take(argument).decode(), start)
                except UnicodeDecodeError:
                    raise Malformed("bad-text", UTF8, start) from None
            case 4:
                items = [self.item() for _ in range(argument)]
                return At([item.value for item in items], start, items)
            case 5:
                entries = list(self.entries(argument))
                return At({"map": [[key.value, item.value] for key, item in entries]}, start, entries)
            case 6:
                return self.tagged(argument, start)
        return At(self.simple(info, argument, start), start)

    def entries(self, count):
        previous = b""
        for _ in range(count):
            key = self.item()
            key.expect(is_key(key.value), KEY, "key-type")
            key.expect(is_safe(key.value), KEY_RANGE)
            encoded = self.octets[key.at : self.at]
            key.expect(encoded != previous, DUPLICATE, "duplicate")
            key.expect(encoded > previous, ORDER, "unsorted")
            previous = encoded
            yield key, self.item()

    def tagged(self, tag, start):
        inner = self.item()
        if tag in BIGNUMS:
            number = bytes.fromhex(inner.octets(ENCODING))
            # Representing bigints as regular integers when they fit [mimi-content-09 §6.1].
            if len(number) <= 8 or number[0] == 0:
                raise Malformed("not-shortest", ENCODING, start)
        return At({"tag": [tag, inner.value]}, start, [inner])

    def simple(self, info, argument, start):
        if info < 24:
            return SIMPLE.get(argument, {"simple": argument})
        if info == 24:
            if argument < 32:
                raise Malformed("reserved", ENCODING, start)
            return {"simple": argument}
        octets = self.octets[start : self.at]
        number = struct.unpack({25: ">e", 26: ">f", 27: ">d"}[info], octets[1:])[0]
        if math.isnan(number) and octets != bytes.fromhex("f97e00"):
            raise Malformed("nan", NAN, start)
        if encode_float(number) != octets:
            raise Malformed("not-shortest", ENCODING, start)
        return binary64(number)
