"""The presentation language of TLS [RFC 8446 §3] with the vectors and optionals of MLS [RFC 9420 §2.1].

A type is an object that writes a value to a `Writer` and reads one from a `Reader`. Values are what JSON has: numbers,
names of enumerators, hexadecimal octets, text, `None`, lists, and dictionaries with the fields as the draft names them.
"""

from contextlib import contextmanager

from .errors import Malformed

BODY = "P-007"
LENGTH = "RFC9420-2.1.2"
PRESENCE = "RFC9420-2.1.1"


class Writer:
    """Octets, and which of them each field became."""

    def __init__(self):
        self.octets = bytearray()
        self.spans = {}
        self._path = ""

    @contextmanager
    def field(self, name):
        """What is written inside is the field `name`."""
        outer, start = self._path, len(self.octets)
        self._path = f"{outer}.{name}" if outer and not name.startswith("[") else f"{outer}{name}"
        yield
        self.spans[self._path] = (start, len(self.octets))
        self._path = outer

    @contextmanager
    def vector(self):
        """What is written inside is preceded by its length."""
        start, before = len(self.octets), set(self.spans)
        yield
        prefix = length(len(self.octets) - start)
        self.octets[start:start] = prefix
        for path in self.spans.keys() - before:
            self.spans[path] = tuple(position + len(prefix) for position in self.spans[path])


class Reader:
    """A position in octets."""

    def __init__(self, octets, start=0, end=None):
        self.octets, self.at = octets, start
        self.end = len(octets) if end is None else end

    def take(self, count):
        """The next octets."""
        if count > self.end - self.at:
            raise Malformed("truncated", BODY, self.end)
        self.at += count
        return self.octets[self.at - count : self.at]

    def number(self, width):
        """The next octets as a number."""
        return int.from_bytes(self.take(width), "big")

    def part(self):
        """A reader of the vector that begins here [RFC 9420 §2.1.2]."""
        start = self.at
        first = self.number(1)
        width = 1 << (first >> 6)
        if width == 8:
            raise Malformed("bad-length", LENGTH, start)
        size = ((first & 0x3F) << 8 * (width - 1)) | self.number(width - 1)
        if width > 1 and size < 1 << (8 * width // 2 - 2):
            raise Malformed("bad-length", LENGTH, start)
        inner = Reader(self.octets, self.at, self.at + size)
        self.take(size)
        return inner


def length(size):
    """The length of a vector, in its shortest form."""
    for prefix, width in ((0, 1), (1, 2), (2, 4)):
        if size < 1 << (8 * width - 2):
            return (prefix << (8 * width - 2) | size).to_bytes(width, "big")
    raise ValueError("no vector is that long")


class Number:
    """uint8 to uint64"""

    def __init__(self, width):
        self.width = width

    def write(self, value, out):
        out.octets += value.to_bytes(self.width, "big")

    def read(self, reader):
        return reader.number(self.width)


class Enum:
    """Named values; others are refused."""

    def __init__(self, rule=BODY, width=1, **names):
        self.rule, self.width, self.numbers = rule, width, names
        self.names = {number: name for name, number in names.items()}

    def write(self, value, out):
        out.octets += self.numbers[value].to_bytes(self.width, "big")

    def read(self, reader):
        start = reader.at
        number = reader.number(self.width)
        if number not in self.names:
            raise Malformed("unknown-value", self.rule, start)
        return self.names[number]


class Bool:
    """`enum { false(0), true(1) } bool`"""

    def __init__(self, rule=BODY):
        self.rule = rule

    def write(self, value, out):
        out.octets.append(int(value))

    def read(self, reader):
        start = reader.at
        octet = reader.number(1)
        if octet > 1:
            raise Malformed("unknown-value", self.rule, start)
        return octet == 1


class Octets:
    """`opaque x[size]`"""

    def __init__(self, size):
        self.size = size

    def write(self, value, out):
        octets = bytes.fromhex(value)
        assert len(octets) == self.size
        out.octets += octets

    def read(self, reader):
        return reader.take(self.size).hex()


class Opaque:
    """`opaque x<V>`"""

    def write(self, value, out):
        with out.vector():
            out.octets += bytes.fromhex(value)

    def read(self, reader):
        inner = reader.part()
        return inner.take(inner.end - inner.at).hex()


class Text:
    """`opaque x<V>` that holds UTF-8, and what `check` accepts."""

    def __init__(self, rule, check=None, nul=True):
        self.rule, self.check, self.nul = rule, check, nul

    def write(self, value, out):
        with out.vector():
            out.octets += value.encode()

    def read(self, reader):
        inner = reader.part()
        start = inner.at
        octets = inner.take(inner.end - start)
        try:
            text = octets.decode("utf-8", "strict")
        except UnicodeDecodeError as error:
            raise Malformed("bad-text", self.rule, start + error.start) from None
        if not self.nul and "\0" in text:
            raise Malformed("bad-text", self.rule, start + octets.index(0))
        if self.check and not self.check(text):
            raise Malformed("bad-uri", self.rule, start)
        return text


class Vector:
    """`T x<V>`"""

    def __init__(self, item, at_least=0, at_most=None, rule=BODY):
        self.item, self.at_least, self.at_most, self.rule = item, at_least, at_most, rule

    def write(self, value, out):
        with out.vector():
            for index, item in enumerate(value):
                with out.field(f"[{index}]"):
                    self.item.write(item, out)

    def read(self, reader):
        start, inner, items = reader.at, reader.part(), []
        while inner.at < inner.end:
            items.append(self.item.read(inner))
        if len(items) < self.at_least or (self.at_most is not None and len(items) > self.at_most):
            raise Malformed("rule", self.rule, start)
        return items


class Optional:
    """`optional<T>`"""

    def __init__(self, item):
        self.item = item

    def write(self, value, out):
        out.octets.append(int(value is not None))
        if value is not None:
            self.item.write(value, out)

    def read(self, reader):
        start = reader.at
        presence = reader.number(1)
        if presence > 1:
            raise Malformed("unknown-value", PRESENCE, start)
        return self.item.read(reader) if presence else None


class Select:
    """`select (on) { … }` among the fields of a struct: which fields follow depends on one that precedes."""

    def __init__(self, on, default=None, **arms):
        self.on = on if callable(on) else lambda fields: fields[on]
        self.arms, self.default = arms, default or {}

    def fields(self, before):
        """The fields of the arm that the fields before select."""
        return self.arms.get(self.on(before), self.default).items()


class Struct:
    """`struct { … }`; what `check` yields is a broken rule."""

    def __init__(self, check=None, **fields):
        self.members, self.check = list(fields.items()), check

    def then(self, *selects, **fields):
        """This struct with selects and more fields at its end."""
        longer = Struct(check=self.check)
        longer.members = [*self.members, *(("select", select) for select in selects), *fields.items()]
        return longer

    def checked(self, check):
        """This struct with rules."""
        stricter = Struct(check=check)
        stricter.members = self.members
        return stricter

    def _fields(self, known):
        for name, member in self.members:
            if isinstance(member, Select):
                yield from member.fields(known)
            else:
                yield name, member

    def write(self, value, out):
        written = set()
        for name, kind in self._fields(value):
            with out.field(name):
                kind.write(value[name], out)
            written.add(name)
        assert written == set(value), f"fields without a place: {set(value) - written}"

    def read(self, reader):
        value = {}
        for name, kind in self._fields(value):
            value[name] = kind.read(reader)
        if self.check:
            for kind, rule in self.check(value):
                raise Malformed(kind, rule)
        return value


class Verbatim:
    """Octets that are a value of a type that the vectors do not take apart."""

    def __init__(self, kind, check=None):
        self.kind, self.check = kind, check

    def write(self, value, out):
        out.octets += bytes.fromhex(value)

    def read(self, reader):
        start = reader.at
        value = self.kind.read(reader)
        if self.check:
            self.check(value, start)
        return reader.octets[start : reader.at].hex()


U8, U16, U32, U64 = (Number(width) for width in (1, 2, 4, 8))
OPAQUE = Opaque()


def encode(kind, value):
    """A value's encoding, with the spans of its fields."""
    out = Writer()
    kind.write(value, out)
    return out


def decode(kind, octets):
    """The value that `octets` are; they are nothing else."""
    reader = Reader(octets)
    value = kind.read(reader)
    if reader.at < reader.end:
        raise Malformed("trailing", BODY, reader.at)
    return value
