#!/usr/bin/env python3
"""Hashes names without postern, as docs/formats/name-hash.md describes it.

    name_hash.py hash < REQUEST      {"key", "purpose", "kind", "value"}: prints `<key id>:<hash>`
    name_hash.py check VECTORS       makes every test vector
    name_hash.py sender-key < KEY    prints what a sender needs of a key: its id, and its key for suppression lists
    name_hash.py sender LIST CHANNEL KEYFILE [VARIANT...] < ADDRESSES
                                     prints the addresses that may be written to, one a line; KEYFILE has a line of
                                     sender-key for each key that stands in the list; VARIANT: plus-tag, dots, as in
                                     the data map

A key is in hexadecimal and comes by standard input or in a file, never as an argument, which every user of the host could see.
Needs Python 3.10 and nothing else. Exit 0: done. Exit 1: a vector that does not hold, a key that a list needs and
that was not given, lines that are no address: they are not printed, since nobody knows whom they name.
"""

import hashlib
import hmac
import json
import re
import sys
import unicodedata

BLANKS = "\t\n\v\f\r "


def key_id(key):
    return hashlib.sha256(b"postern name-hash key id v1\0" + key).hexdigest()[:8]


def purpose_key(key, purpose):
    """HKDF-SHA-256 (RFC 5869) without a salt, one block of output."""
    extracted = hmac.digest(bytes(32), key, "sha256")
    return hmac.digest(extracted, b"postern name-hash v1 " + purpose.encode() + b"\1", "sha256")


def canonical_value(kind, value):
    text = unicodedata.normalize("NFC", value.strip(BLANKS))
    if kind == "email":
        return address(text)
    if kind == "phone":
        return re.sub("[^0-9]", "", text) or text
    return text


def address(text):
    lower = unicodedata.normalize("NFC", text.lower())
    local, at, domain = lower.rpartition("@")
    return local + at + (ascii_domain(domain) if at else domain)


def ascii_domain(domain):
    if domain.isascii():
        return domain
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", domain).lower())
    labels = folded.replace("\u3002", ".").split(".")
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii") for label in labels
    )


def name_hash(key, purpose, kind, value):
    """The value of a row (hold-row) is a list: its primary key, in PostgreSQL's text form."""
    text = "\0".join(value) if purpose == "hold-row" else canonical_value(kind, value)
    digest = hmac.digest(purpose_key(key, purpose), (kind + "\0" + text).encode(), "sha256")
    return f"{key_id(key)}:{digest.hex()}"


def hash_request(request):
    return name_hash(bytes.fromhex(request["key"]), request["purpose"], request["kind"], request["value"])


def check(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)["vectors"]
    wrong = [vector["name"] for vector in vectors if hash_request(vector) != vector["hash"]]
    if wrong:
        sys.exit("\n".join(f"{name}: another hash" for name in wrong))
    print(f"{len(vectors)} hashed")


def forms(address, variants):
    """The address, and the one that it is by the variants of the data map: ann+news@example.org is ann@example.org."""
    local, _, domain = address.rpartition("@")
    if "plus-tag" in variants:
        local = local.partition("+")[0]
    if "dots" in variants:
        local = local.replace(".", "")
    return {address, f"{local}@{domain}"}


def allowed(list_path, channel, key_path, variants, addresses):
    """What a sender does, without postern and without the key itself."""
    with open(key_path, encoding="ascii") as file:
        keys = dict(line.split() for line in file if line.strip())
    with open(list_path, encoding="ascii") as file:
        suppressed = {line.split()[1] for line in file if line.startswith(channel + " ")}
    missing = {entry.split(":")[0] for entry in suppressed} - keys.keys()
    if missing:
        sys.exit(f"the list needs the key {', '.join(sorted(missing))}: nobody may be written to without it")
    for address in addresses:
        messages = [("email\0" + canonical_value("email", form)).encode() for form in forms(address, variants)]
        hashes = (
            f"{own}:{hmac.digest(bytes.fromhex(key), message, 'sha256').hex()}"
            for own, key in keys.items()
            for message in messages
        )
        if not any(entry in suppressed for entry in hashes):
            yield address


def is_address(line):
    """One address and nothing beside it: no name, no brackets, no second column, no bytes that are not UTF-8."""
    return re.fullmatch(r"""[^@\s<>,;:()[\]\\"]+@[^@\s<>,;()\\"]+""", line) and "\ufffd" not in line


def send(list_path, channel, key_path, variants):
    unknown = set(variants) - {"plus-tag", "dots"}
    if unknown:
        sys.exit(f"no variant of a data map: {', '.join(sorted(unknown))}")
    # Some editors write a byte order mark.
    sys.stdin.reconfigure(encoding="utf-8-sig", errors="replace")
    lines = [line.strip() for line in sys.stdin]
    unreadable = [str(number) for number, line in enumerate(lines, 1) if line and not is_address(line)]
    for address in allowed(list_path, channel, key_path, variants, filter(is_address, lines)):
        print(address)
    if unreadable:
        sys.exit(f"no address, and left out: line {', '.join(unreadable)}")


def main():
    match sys.argv[1:]:
        case ["sender-key"]:
            key = bytes.fromhex(sys.stdin.read().strip())
            print(key_id(key), purpose_key(key, "suppression").hex())
        case ["sender", list_path, channel, key_path, *variants]:
            send(list_path, channel, key_path, variants)
        case ["hash"]:
            print(hash_request(json.load(sys.stdin)))
        case ["check", path]:
            check(path)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
