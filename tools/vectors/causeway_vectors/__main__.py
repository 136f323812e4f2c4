"""`python -m causeway_vectors`: writes the vectors, or checks that those that are there are the ones it would write."""

import argparse
import difflib
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

from . import (
    mimi_content_09,
    mimi_content_more_extensions_00,
    mimi_message_status_01,
    mimi_protocol_06,
    mimi_room_policy_04,
    mls_extensions_09,
    mls_ratchet_tree_options_04,
)
from .inputs import VECTORS

DRAFTS = (
    mimi_content_09,
    mimi_content_more_extensions_00,
    mimi_message_status_01,
    mimi_protocol_06,
    mimi_room_policy_04,
    mls_extensions_09,
    mls_ratchet_tree_options_04,
)
SHOWN_LINES = 20


def files():
    """Every file of vectors."""
    return [file for draft in DRAFTS for file in draft.files()]


def generated():
    """Every file: its path below the folder of vectors, and its text."""
    texts = {file.path: file.to_text() for file in files()}
    assert len(texts) == len(files()), "two files have one name"
    return texts


def present():
    """The files that are there."""
    return {str(path.relative_to(VECTORS)): path.read_text() for path in VECTORS.rglob("*.json")}


def write():
    """Makes the folder hold what is generated, and no other JSON."""
    texts = generated()
    for path in present().keys() - texts.keys():
        (VECTORS / path).unlink()
    for path, text in texts.items():
        (VECTORS / path).parent.mkdir(parents=True, exist_ok=True)
        (VECTORS / path).write_text(text)
    print(f"{len(texts)} files of vectors written")
    return 0


def check():
    """Says what differs; the exit code is 1 if anything does."""
    texts, there = generated(), present()
    differing = sorted(path for path in texts.keys() | there.keys() if texts.get(path) != there.get(path))
    for path in differing:
        if path not in there:
            print(f"{path}: missing")
        elif path not in texts:
            print(f"{path}: nothing generates it")
        else:
            print(f"{path}: differs")
            lines = difflib.unified_diff(
                there[path].splitlines(), texts[path].splitlines(), "there", "generated", "", "", 1, ""
            )
            print("\n".join(f"  {line[:160]}" for line in itertools.islice(lines, SHOWN_LINES)))
    print(f"{len(texts)} files of vectors, {len(differing)} differ")
    return max(min(len(differing), 1), example())


def example():
    """Runs the example that their README gives."""
    text = (VECTORS / "README.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return subprocess.run([sys.executable, "-c", code], cwd=VECTORS, check=False).returncode


def judge(verdicts):
    """Compares what the Rust crate makes of encodings with what this package makes of them; the exit code is 1 if anything
    differs."""
    by_name = {file.path.removesuffix(".json"): file for file in files()}
    differing = 0
    for verdict in verdicts:
        if difference := by_name[verdict["file"]].difference(verdict):
            differing += 1
            if differing <= SHOWN_LINES:
                print(f"{verdict['file']} {verdict['hex'][:160]}\n  {difference[:400]}")
    accepted = sum("fields" in verdict for verdict in verdicts)
    print(f"{len(verdicts)} verdicts ({accepted} accepted), {differing} differ")
    return min(differing, 1)


def main():
    parser = argparse.ArgumentParser(prog="causeway_vectors", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="write nothing; find differences")
    choice.add_argument("--judge", type=Path, metavar="FILE", help="compare the verdicts of the Rust crate with one's own")
    arguments = parser.parse_args()
    if arguments.judge:
        return judge(json.loads(arguments.judge.read_text()))
    return check() if arguments.check else write()


if __name__ == "__main__":
    sys.exit(main())
