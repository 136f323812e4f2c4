"""A file of vectors: the valid and invalid encodings of one structure."""

import json

import cbor2

from . import cbor, tls
from .errors import Malformed

WIDTH = 120


def dump(value, indent=""):
    """JSON for people: what fits on a line is on one."""
    line = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, (dict, list)) or len(indent) + len(line) <= WIDTH:
        return line
    inner = indent + "  "
    if isinstance(value, list):
        lines = [inner + dump(item, inner) for item in value]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    lines = [f"{inner}{json.dumps(key)}: {dump(item, inner)}" for key, item in value.items()]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


class Case:
    """A valid encoding, from which invalid ones are made."""

    def __init__(self, octets, spans, fields):
        self.octets, self.spans, self.fields = bytes(octets), spans, fields

    def put(self, path, octets):
        """The encoding with other octets where the field is; one of another length has to be outside of vectors."""
        start, end = self.spans[path]
        return self.octets[:start] + octets + self.octets[end:]

    def head(self, path, octets):
        """The encoding with other octets where the field begins."""
        start, _ = self.spans[path]
        return self.octets[:start] + octets + self.octets[start + len(octets) :]

    def from_(self, path):
        """The encoding up to the field."""
        return self.octets[: self.spans[path][0]]


class File:
    """The vectors of one structure. Every case is read back when it is added, so that none says what is not so."""

    encoding = "tls"

    def __init__(self, draft, structure, section, kind, **more):
        self.draft, self.structure, self.section, self.kind, self.more = draft, structure, section, kind, more
        self.valid_cases, self.invalid_cases = [], []

    @property
    def path(self):
        return f"{self.draft}/{self.structure}.json"

    def encode(self, fields):
        """Octets and spans."""
        out = tls.encode(self.kind, fields)
        return bytes(out.octets), out.spans

    def decode(self, octets):
        """Fields, or Malformed."""
        return tls.decode(self.kind, octets)

    def valid(self, name, fields, **more):
        """Adds a valid case; `more` is what else its file says about it."""
        octets, spans = self.encode(fields)
        self._add(self.valid_cases, {"name": name, "hex": octets.hex(), "fields": fields} | more)
        decoded = self.decode(octets)
        assert decoded == fields, f"{self.path} {name}: {decoded}"
        return Case(octets, spans, fields)

    def invalid(self, name, octets, kind, rule, **more):
        """Adds an invalid case, and finds the offset of its error."""
        error = self.refusal(octets)
        assert error, f"{self.path} {name}: nothing is wrong with {octets.hex()}"
        assert (error.kind, error.rule) == (kind, rule), f"{self.path} {name}: {error}"
        self._add(self.invalid_cases, {"name": name, "hex": octets.hex(), "error": error.to_json()} | more)

    def invalid_fields(self, name, case, kind, rule, **changes):
        """Adds the encoding of a case with other fields, which are wrong."""
        octets, _ = self.encode(case.fields | changes)
        self.invalid(name, octets, kind, rule)

    def refusal(self, octets):
        """Why octets are refused."""
        try:
            self.decode(octets)
        except Malformed as error:
            return error
        return None

    def difference(self, verdict):
        """What another implementation makes of an encoding, where it is not what this one makes of it."""
        octets = bytes.fromhex(verdict["hex"])
        refusal = self.refusal(octets)
        if "fields" not in verdict:
            return refusal is None and f"refused: {verdict['refused']}\n  own: {self.decode(octets)}"
        if refusal:
            return f"accepted: {verdict['fields']}\n  own: {refusal}"
        fields = self.decode(octets)
        if fields != verdict["fields"]:
            return f"fields: {verdict['fields']}\n  own: {fields}"
        encoded, _ = self.encode(fields)
        return (
            not encoded == octets == bytes.fromhex(verdict["encoded"])
            and f"encoded: {verdict['encoded']}\n  own: {encoded.hex()}"
        )

    def cut_and_longer(self, case):
        """The three ways to be wrong that every structure has."""
        self.invalid("empty", b"", "truncated", tls.BODY)
        self.invalid("cut-off-by-one", case.octets[:-1], "truncated", tls.BODY)
        self.invalid("one-octet-follows", case.octets + b"\0", "trailing", tls.BODY)

    def _add(self, cases, case):
        assert all(case["name"] != other["name"] for other in cases), f"{self.path}: {case['name']} twice"
        cases.append(case)

    def to_text(self):
        """The file."""
        assert self.valid_cases and len(self.invalid_cases) >= 3, self.path
        head = {"draft": self.draft, "section": self.section, "structure": self.structure, "encoding": self.encoding}
        body = {"valid": self.valid_cases, "invalid": self.invalid_cases}
        return dump(head | self.more | body) + "\n"


def canonically(octets):
    """A document as cbor2 encodes it, canonically."""
    return cbor2.dumps(cbor2.loads(octets), canonical=True)


class CborFile(File):
    """The vectors of a CBOR document; `kind` reads the fields of a decoded one and writes them. That an encoding is the
    canonical one, cbor2 says, too; but of the old order of keys, where that is another."""

    encoding = "cbor"

    def valid(self, name, fields, cbor2_orders_keys=True, **more):
        case = super().valid(name, fields, **more)
        canonical = canonically(case.octets)
        assert (canonical == case.octets) == cbor2_orders_keys, f"{self.path} {name}: {canonical.hex()}"
        assert sorted(canonical) == sorted(case.octets), f"{self.path} {name}: {canonical.hex()}"
        return case

    def difference(self, verdict):
        difference = super().difference(verdict)
        if difference or "encoded" not in verdict:
            return difference
        encoded = bytes.fromhex(verdict["encoded"])
        try:
            canonical = canonically(encoded)
        except cbor2.CBORDecodeError:
            # Of some tags cbor2 knows what they mean, and damaged content means nothing.
            return False
        # The same octets in another order are keys in another order.
        return sorted(canonical) != sorted(encoded) and f"cbor2: {canonical.hex()}"

    def encode(self, fields):
        return cbor.encode(self.kind.to_cbor(fields)), {}

    def decode(self, octets):
        return self.kind.from_cbor(cbor.decode(octets))

    def cut_and_longer(self, case):
        rule = "C-040"
        self.invalid("empty", b"", "truncated", rule)
        self.invalid("cut-off-by-one", case.octets[:-1], "truncated", rule)
        self.invalid("one-octet-follows", case.octets + b"\0", "trailing", rule)


class TextFile(File):
    """The vectors of something that is text; `kind` reads its fields, or refuses it."""

    encoding = "text"

    def valid(self, name, text, **more):
        self._add(self.valid_cases, {"name": name, "text": text, "fields": self.kind(text)} | more)

    def invalid(self, name, text, kind, rule, **more):
        error = self.refusal(text)
        assert error and (error.kind, error.rule) == (kind, rule), f"{self.path} {name}: {error}"
        self._add(self.invalid_cases, {"name": name, "text": text, "error": error.to_json()} | more)

    def decode(self, text):
        return self.kind(text)


class Computed:
    """A file of what is computed rather than encoded: everything that is needed to repeat it, and the results."""

    def __init__(self, draft, structure, section, cases, **more):
        self.path = f"{draft}/{structure}.json"
        self.head = {"draft": draft, "section": section, "structure": structure, "encoding": "computation"}
        self.body = more | {"computed": cases}

    def to_text(self):
        """The file."""
        return dump(self.head | self.body) + "\n"
