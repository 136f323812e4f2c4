#!/usr/bin/env python3
"""Cuts RFC 9420's published test vectors to what the engine runs: ciphersuite 1, one line a case.

    cut.py <checkout of openmls/openmls> <checkout of awslabs/mls-rs>

README.md beside this file names the commits. Files are written beside it.
"""

import json
import sys
from pathlib import Path

CIPHERSUITE = 1
# Each case of messages.json is made alike; so many show every kind of message in several sizes.
MESSAGES = 20

# What is written, and where it is taken from: these are octet for octet those of mlswg/mls-implementations, but for
# message-protection and psk_secret, which openmls has generated anew in the same form.
OPENMLS = "openmls/test_vectors"
MLS_RS = "mls-rs/test_data"
SOURCES = {
    "crypto-basics": ("mls-rs", f"{MLS_RS}/basic_crypto.json"),
    "deserialization": ("openmls", f"{OPENMLS}/deserialization.json"),
    "key-schedule": ("openmls", f"{OPENMLS}/key-schedule.json"),
    "message-protection": ("openmls", f"{OPENMLS}/message-protection.json"),
    "messages": ("openmls", f"{OPENMLS}/messages.json"),
    "passive-client-handling-commit": ("openmls", f"{OPENMLS}/passive-client-handling-commit.json"),
    "passive-client-random": ("openmls", f"{OPENMLS}/passive-client-random.json"),
    "passive-client-welcome": ("openmls", f"{OPENMLS}/passive-client-welcome.json"),
    "psk_secret": ("openmls", f"{OPENMLS}/psk_secret.json"),
    "secret-tree": ("openmls", f"{OPENMLS}/secret-tree.json"),
    "transcript-hashes": ("mls-rs", f"{MLS_RS}/interop_transcript_hashes.json"),
    "tree-validation": ("openmls", f"{OPENMLS}/tree-validation.json"),
    "treekem": ("openmls", f"{OPENMLS}/treekem.json"),
    "welcome": ("openmls", f"{OPENMLS}/welcome.json"),
}


def kept(name, cases):
    if name == "messages":
        return cases[:MESSAGES]
    return [case for case in cases if case.get("cipher_suite", CIPHERSUITE) == CIPHERSUITE]


def main(openmls, mls_rs):
    checkouts = {"openmls": Path(openmls), "mls-rs": Path(mls_rs)}
    for name, (checkout, path) in SOURCES.items():
        cases = kept(name, json.loads((checkouts[checkout] / path).read_text()))
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        (Path(__file__).parent / f"{name}.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
