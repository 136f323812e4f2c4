"""Why an encoding is refused, in the words that the vectors use."""

# The classes of errors; drafts/vectors/README.md explains them.
CLASSES = (
    "truncated",
    "trailing",
    "unknown-value",
    "bad-length",
    "bad-text",
    "bad-uri",
    "wrong-message",
    "unsorted",
    "duplicate",
    "not-shortest",
    "indefinite",
    "reserved",
    "key-type",
    "nan",
    "schema",
    "limit",
    "rule",
)

# What is cut off goes wrong at its end, wherever a reader notices; and a rule about a whole is broken nowhere in particular.
WITHOUT_OFFSET = ("truncated", "rule")


class Malformed(Exception):
    """An encoding that is refused: the class of the error, the rule, and the offset of what is wrong."""

    def __init__(self, kind, rule, offset=None):
        assert kind in CLASSES, kind
        super().__init__(f"{kind} ({rule}) at {offset}")
        self.kind, self.rule = kind, rule
        self.offset = None if kind in WITHOUT_OFFSET else offset

    def to_json(self):
        """As it stands in a file of vectors."""
        error = {"class": self.kind, "rule": self.rule}
        return error if self.offset is None else error | {"offset": self.offset}
