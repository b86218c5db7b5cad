#!/usr/bin/env python3
"""Reads a backup set without postern, as docs/formats/backup-set.md describes it.

    read_backup_set.py FOLDER --signer FINGERPRINT

Checks the signatures, every file's SHA-256 and every row, and prints each table with its row count and checksum.
Needs Python 3.10 and the programs gpg and zstd; the signer's public key and a recipient's secret key are in gpg's keyring
(GNUPGHOME chooses another one). Exit 0: the set is whole. Exit 5: it is not. Nothing is written but a temporary file.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

MODULUS = 2**128
LO_CREATE = re.compile(rb"SELECT pg_catalog\.lo_create\('(\d+)'\);\n")
LO_PUT = re.compile(rb"SELECT pg_catalog\.lo_put\('(\d+)', \d+, '\\x([0-9a-f]*)'\);\n")


class Damaged(Exception):
    """The set is not what was signed."""


def signer_of(folder, name, signature):
    """The fingerprint of the primary key whose signature over the file holds."""
    run = subprocess.run(
        ["gpg", "--batch", "--status-fd", "1", "--verify", os.path.join(folder, signature), os.path.join(folder, name)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    valid = re.search(rb"^\[GNUPG:\] VALIDSIG .* ([0-9A-F]{40})$", run.stdout, re.MULTILINE)
    # gpg is content with a good signature by a key that was revoked since.
    if run.returncode != 0 or valid is None or b"[GNUPG:] REVKEYSIG " in run.stdout:
        raise Damaged(f"{signature} is no valid signature over {name}")
    return valid[1].decode()


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def read_sums(folder):
    sums = {}
    with open(os.path.join(folder, "SHA256SUMS"), encoding="ascii") as file:
        for line in file:
            match = re.fullmatch(r"([0-9a-f]{64})  ([\w.-]+(?:/[\w.-]+)*)\n", line, re.ASCII)
            if match is None or match[2] in sums or ".." in match[2].split("/"):
                raise Damaged("SHA256SUMS has a line that no set has")
            sums[match[2]] = match[1]
    return sums


def decrypt(path, target):
    """Into a file, which counts only when gpg ends with 0: gpg writes before it has checked."""
    run = subprocess.run(
        ["gpg", "--batch", "--yes", "--quiet", "--output", target, "--decrypt", path],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if run.returncode != 0:
        sys.exit(f"{path} does not open: {run.stderr.decode(errors='replace').strip()}")


def script_lines(frames):
    """The lines of the SQL script inside a file of zstd frames."""
    with subprocess.Popen(["zstd", "-d", "-q", "-c", frames], stdout=subprocess.PIPE) as unpack:
        yield from unpack.stdout
    if unpack.returncode != 0:
        raise Damaged("a file does not unpack")


class Sum:
    """Rows, and the sum modulo 2^128 of the first 16 bytes of each row's SHA-256."""

    def __init__(self):
        self.rows = 0
        self.total = 0

    def add(self, digest):
        self.rows += 1
        self.total = (self.total + int.from_bytes(digest[:16], "big")) % MODULUS

    def matches(self, expected):
        return self.rows == expected["rows"] and self.checksum == expected["checksum"]

    @property
    def checksum(self):
        return f"{self.total:032x}"


class LargeObjects:
    """The sum of the large objects; one may go on in the next part."""

    def __init__(self):
        self.sum = Sum()
        self.current = None

    def line(self, line):
        if created := LO_CREATE.fullmatch(line):
            self.end()
            self.current = hashlib.sha256(created[1] + b"\t")
        elif put := LO_PUT.fullmatch(line):
            self.current.update(bytes.fromhex(put[2].decode()))

    def end(self):
        if self.current is not None:
            self.sum.add(self.current.digest())
        self.current = None


def read_rows(lines, header_bytes, table):
    """Adds the rows of a part; its last line is the trailer."""
    position = 0
    held = None
    for line in lines:
        if held is not None:
            table.add(hashlib.sha256(held[:-1]).digest())
            held = None
        if position >= header_bytes:
            held = line
        position += len(line)
        yield line
    if held != b"\\.\n":
        raise Damaged("a part does not end as a part must")


def read_file(frames, entry, tables, objects):
    script = hashlib.sha256()
    size = 0
    lines = script_lines(frames)
    rows_before = 0
    if entry["kind"] == "table-data":
        table = tables[entry["source"]][entry["table"]]
        rows_before = table.rows
        lines = read_rows(lines, entry["headerBytes"], table)
    for line in lines:
        script.update(line)
        size += len(line)
        if entry["kind"] == "large-objects":
            objects[entry["source"]].line(line)
    if size != entry["plainSize"] or script.hexdigest() != entry["plainSha256"]:
        raise Damaged(f"{entry['name']}: the script is not what the manifest says")
    if entry["kind"] == "table-data" and table.rows - rows_before != entry["rows"]:
        raise Damaged(f"{entry['name']} has {table.rows - rows_before} rows, not {entry['rows']}")


def read_signed(folder, signer):
    """Signature, sums and every file's bytes: all that can be checked without a secret key."""
    for name, signature in [("SHA256SUMS", "SHA256SUMS.asc"), ("manifest.json.pgp", "manifest.json.pgp.asc")]:
        found = signer_of(folder, name, signature)
        if found != signer:
            raise Damaged(f"{name} is signed by {found}, not by {signer}")
    sums = read_sums(folder)
    for name, expected in sums.items():
        path = os.path.join(folder, name)
        if not os.path.isfile(path):
            raise Damaged(f"{name} is missing")
        if sha256_of(path) != expected:
            raise Damaged(f"{name} is not what was signed")
    if "set.json" not in sums or "manifest.json.pgp" not in sums:
        raise Damaged("SHA256SUMS lacks a file that every set has")
    with open(os.path.join(folder, "set.json"), encoding="utf-8") as file:
        stub = json.load(file)
    if stub["setId"] != os.path.basename(os.path.realpath(folder)):
        raise Damaged(f"the folder holds the set {stub['setId']}")
    return sums


def read_manifest(folder, sums, work):
    frames = os.path.join(work, "manifest.zst")
    decrypt(os.path.join(folder, "manifest.json.pgp"), frames)
    manifest = json.loads(b"".join(script_lines(frames)))
    if manifest["format"] != "postern-backup-set" or manifest["version"] != 2:
        sys.exit(f"this reads version 2 of postern-backup-set, not {manifest['format']} {manifest['version']}")
    if manifest["setId"] != os.path.basename(os.path.realpath(folder)):
        raise Damaged(f"the manifest is that of {manifest['setId']}")
    for entry in manifest["files"]:
        if sums.get(entry["name"]) != entry["sha256"]:
            raise Damaged(f"manifest and SHA256SUMS disagree about {entry['name']}")
    return manifest


def read_set(folder, signer):
    sums = read_signed(folder, signer)
    with tempfile.TemporaryDirectory() as work:
        manifest = read_manifest(folder, sums, work)
        tables = {source["name"]: [Sum() for _ in source["tables"]] for source in manifest["sources"]}
        objects = {source["name"]: LargeObjects() for source in manifest["sources"]}
        frames = os.path.join(work, "part.zst")
        for entry in sorted(manifest["files"], key=lambda entry: entry["name"].encode()):
            decrypt(os.path.join(folder, entry["name"]), frames)
            read_file(frames, entry, tables, objects)
    for source in manifest["sources"]:
        compare(source, tables[source["name"]], objects[source["name"]])


def compare(source, tables, objects):
    for found, expected in zip(tables, source["tables"], strict=True):
        print(f"{found.rows}\t{found.checksum}\t{source['name']}\t{expected['schema']}.{expected['name']}")
        if not found.matches(expected):
            raise Damaged(f"the manifest has {expected['rows']} rows with checksum {expected['checksum']}")
    objects.end()
    print(f"{objects.sum.rows}\t{objects.sum.checksum}\t{source['name']}\tlarge objects")
    if not objects.sum.matches(source["largeObjects"]):
        raise Damaged("the large objects are not what the manifest says")


def main():
    parser = argparse.ArgumentParser(description="Reads a backup set without postern.")
    parser.add_argument("folder")
    parser.add_argument("--signer", required=True, help="the fingerprint of the signing key, from your own records")
    arguments = parser.parse_args()
    try:
        read_set(arguments.folder, arguments.signer.replace(" ", "").upper())
    except Damaged as damage:
        print(f"damaged: {damage}", file=sys.stderr)
        sys.exit(5)


if __name__ == "__main__":
    main()
