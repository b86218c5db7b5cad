#!/usr/bin/env python3
"""Makes keyed hashes without postern, as docs/formats/keyed-hash.md describes them.

    keyed_hash.py hash < REQUEST     {"key", "value", "normalise", "bits"}: prints the hash in hexadecimal
    keyed_hash.py check VECTORS      makes every test vector, and refuses what must be refused

A request is JSON in the form of the test vectors (docs/formats/keyed-hash-vectors.json): bytes in hexadecimal. The key
comes by standard input, never as an argument, which every user of the host could see.
Needs Python 3.10 and nothing else. Exit 0: done. Exit 5: refused, with the code on standard error.
"""

import hmac
import json
import sys
import unicodedata

STEPS = {
    "trim": lambda text: text.strip("\t\n\v\f\r "),
    "lower": str.lower,
    "nfc": lambda text: unicodedata.normalize("NFC", text),
}


class Refused(Exception):
    """The value is not hashed; its text is the code."""


def keyed_hash(key, value, normalise=(), bits=256):
    """The hash to store and to look up by. The value is bytes; a text is given as UTF-8."""
    if len(key) != 32:
        raise ValueError("an HMAC key has 32 bytes")
    if normalise:
        try:
            text = value.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("hash-not-utf8") from None
        for step in normalise:
            text = STEPS[step](text)
        value = text.encode("utf-8")
    return hmac.digest(key, value, "sha256")[: bits // 8]


def hash_request(request):
    return keyed_hash(
        bytes.fromhex(request["key"]), bytes.fromhex(request["value"]), request["normalise"], request["bits"]
    )


def check(path):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    wrong = []
    for vector in document["vectors"]:
        if hash_request(vector).hex() != vector["hash"]:
            wrong.append(f"{vector['name']}: another hash")
    for vector in document["refused"]:
        try:
            found = hash_request(vector).hex()
        except Refused as refused:
            found = str(refused)
        if found != vector["code"]:
            wrong.append(f"{vector['name']}: {found}, not {vector['code']}")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(document['vectors'])} hashed, {len(document['refused'])} refused as they must be")


def main():
    match sys.argv[1:]:
        case ["hash"]:
            print(hash_request(json.load(sys.stdin)).hex())
        case ["check", path]:
            check(path)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        print(refused, file=sys.stderr)
        sys.exit(5)
