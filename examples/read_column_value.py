#!/usr/bin/env python3
"""Reads and writes encrypted column values without postern, as docs/formats/column-value.md describes them.

    read_column_value.py open < REQUEST      {"dataKey", "place", "value"}: prints the plaintext
    read_column_value.py seal < REQUEST      {"dataKey", "keyId", "place", "plaintext"}: prints the value in hexadecimal
    read_column_value.py check VECTORS       opens and seals every test vector, and refuses what must be refused

A request is JSON in the form of the test vectors (docs/formats/column-value-vectors.json): bytes in hexadecimal. The data
key comes by standard input, never as an argument, which every user of the host could see.
Needs Python 3.10 and the package cryptography. Exit 0: done. Exit 5: refused, with the code on standard error.
"""

import hmac
import json
import os
import sys
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"PSTN"
VERSION_1_SUITE_1 = b"\x01\x01"
OVERHEAD = 102


class Refused(Exception):
    """The value is not opened; its text is one of the codes of the format."""


def length_prefixed(fields):
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def additional_data(header, place):
    texts = [text.encode() for text in place["primaryKey"]]
    if not texts:
        raise ValueError("a place needs a primary key")
    primary_key = texts[0] if len(texts) == 1 else length_prefixed(texts)
    return length_prefixed(
        [header, place["table"].encode(), place["column"].encode(), primary_key, place["subject"].encode()]
    )


def derive(data_key, salt, info):
    """The key of AES-256-GCM, its nonce, and the commitment."""
    if len(data_key) != 32:
        raise ValueError("a data key has 32 bytes")
    output = HKDF(algorithm=SHA512(), length=76, salt=salt, info=info).derive(data_key)
    return output[:32], output[32:44], output[44:]


def seal(plaintext, data_key, key_id, place, salt=None):
    """A value to store. Only test vectors give a salt: no two values may share one."""
    salt = os.urandom(32) if salt is None else salt
    header = MAGIC + VERSION_1_SUITE_1 + uuid.UUID(key_id).bytes + salt
    key, nonce, commitment = derive(data_key, salt, header[4:22])
    return header + commitment + AESGCM(key).encrypt(nonce, plaintext, additional_data(header, place))


def key_id_of(value):
    """Which data key opens the value: the UUID of its row in the keyring."""
    if value[:4] != MAGIC:
        raise Refused("column-value-plain")
    if len(value) < 6:
        raise Refused("column-value-truncated")
    if value[4:6] != VERSION_1_SUITE_1:
        raise Refused("column-value-version")
    if len(value) < OVERHEAD:
        raise Refused("column-value-truncated")
    return str(uuid.UUID(bytes=value[6:22]))


def open_value(value, data_key, place):
    key_id_of(value)
    key, nonce, commitment = derive(data_key, value[22:54], value[4:22])
    if not hmac.compare_digest(commitment, value[54:86]):
        raise Refused("column-value-key")
    try:
        return AESGCM(key).decrypt(nonce, value[86:], additional_data(value[:54], place))
    except InvalidTag:
        raise Refused("column-value-moved") from None


def open_request(request):
    return open_value(bytes.fromhex(request["value"]), bytes.fromhex(request["dataKey"]), request["place"])


def seal_request(request):
    salt = bytes.fromhex(request["salt"]) if "salt" in request else None
    plaintext, data_key = bytes.fromhex(request["plaintext"]), bytes.fromhex(request["dataKey"])
    return seal(plaintext, data_key, request["keyId"], request["place"], salt)


def check(path):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    wrong = []
    for vector in document["vectors"]:
        value = bytes.fromhex(vector["value"])
        if seal_request(vector) != value:
            wrong.append(f"{vector['name']}: sealed to something else")
        if key_id_of(value) != vector["keyId"]:
            wrong.append(f"{vector['name']}: names another data key")
        if open_request(vector) != bytes.fromhex(vector["plaintext"]):
            wrong.append(f"{vector['name']}: opened to something else")
    for vector in document["refused"]:
        try:
            open_request(vector)
            found = "opened"
        except Refused as refused:
            found = str(refused)
        if found != vector["code"]:
            wrong.append(f"{vector['name']}: {found}, not {vector['code']}")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(document['vectors'])} opened and sealed, {len(document['refused'])} refused as they must be")


def main():
    match sys.argv[1:]:
        case ["open"]:
            sys.stdout.buffer.write(open_request(json.load(sys.stdin)))
        case ["seal"]:
            request = json.load(sys.stdin)
            request.pop("salt", None)
            print(seal_request(request).hex())
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
