"""verify_lake.py KEY LAKE...: whether lakes are as they were sealed, by the documents alone (docs/seal.md, the Delta protocol, Parquet).

A second implementation of `sekisho verify`, which shares no code with it. Prints a line of JSON for each lake: whether it is good, what is
wrong (kinds of problems, and indexes of records where they can be told), and how many rows are of other logs that write to the same tables.

Tables are where `storage.toml` says: below the lake's folder, in a bucket, or older days in a bucket. Credentials are those of the environment.
"""

import base64
import hashlib
import json
import sys
import tomllib
import zlib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow
import pyarrow.compute as compute
import pyarrow.parquet as parquet
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def sha256(*pieces):
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


def record_hash(source, header, received_ms, raw):
    def counted(text):
        data = text.encode()
        return len(data).to_bytes(4, "big") + data

    moment = received_ms.to_bytes(8, "big", signed=True)
    entry = sha256(b"sekisho record v1\n", counted(source), counted(header), moment, raw)
    return sha256(b"\0", entry)


def root_of(hashes):
    """RFC 6962, section 2.1, by rows: equal subtrees pair up, an odd last one waits."""
    if not hashes:
        return sha256()
    row = list(hashes)
    while len(row) > 1:
        above = [sha256(b"\1", row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
        row = above + ([row[-1]] if len(row) % 2 else [])
    return row[0]


def checkpoint(path, key):
    """Size and root of a signed checkpoint; raises if it is none of this key."""
    name, key_id, encoded = key.split("+", 2)
    text, signatures = path.read_bytes().decode().split("\n\n", 1)
    public = base64.b64decode(encoded, validate=True)
    for line in signatures.splitlines():
        dash, signer, signature = line.split(" ")
        signature = base64.b64decode(signature, validate=True)
        if dash == "\u2014" and signer == name and signature[:4].hex() == key_id:
            Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[4:], (text + "\n").encode())
            origin, size, root = text.split("\n")[:3]
            if origin != name:
                raise ValueError("of another log")
            return int(size), base64.b64decode(root, validate=True)
    raise ValueError("not signed by this key")


def stored(folder, level):
    return b"".join(path.read_bytes() for path in sorted((folder / "hashes" / str(level)).iterdir()))


class Varints:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self):
        number = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    def bytes(self):
        length = self.number()
        self.at += length
        if self.at > len(self.data):
            raise ValueError("a frame ends early")
        return self.data[self.at - length : self.at]


def appended(folder):
    """Records of the write-ahead log: index, source, header, received_ms, raw. Raises where a frame is damaged."""
    segments = sorted(folder.glob("*.segment"))
    for path, following in zip(segments, segments[1:] + [None]):
        data, at = path.read_bytes(), 0
        first = index = int(path.stem)
        end = int(following.stem) if following else None
        while at < len(data) and (end is None or index < end or index == first):
            length = int.from_bytes(data[at : at + 4], "little")
            frame = data[at + 8 : at + 8 + length]
            if len(frame) < length or length < 17 or zlib.crc32(frame) != int.from_bytes(data[at + 4 : at + 8], "little"):
                raise ValueError(f"{path.name} is damaged at {at}")
            at += 8 + length
            if frame[0] == 2:
                index = int.from_bytes(frame[1:9], "little")
                batch = Varints(frame[17:])
                source, header, _feed, _position = (batch.bytes() for _ in range(4))
                received_ms = 0
                for _ in range(batch.number()):
                    delta = batch.number()
                    received_ms += (delta >> 1) ^ -(delta & 1)
                    yield index, source.decode(), header.decode(), received_ms, batch.bytes()
                    index += 1
        if end is not None and index < end:
            raise ValueError(f"{path.name} ends before {end}")


class Folder:
    """Tables in a folder."""

    def __init__(self, path):
        self.path = path

    def names(self, below):
        folder = self.path / below
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def read(self, name):
        path = self.path / name
        return path.read_bytes() if path.is_file() else None


class Bucket:
    """Tables in a bucket of S3."""

    def __init__(self, url, storage):
        import boto3

        parts = urlsplit(url)
        self.bucket, self.prefix = parts.netloc, parts.path.strip("/")
        self.client = boto3.client("s3", endpoint_url=storage.get("endpoint_url"), region_name=storage.get("region"))

    def key(self, name):
        return "/".join(part for part in (self.prefix, name) if part)

    def names(self, below):
        prefix = self.key(below).rstrip("/") + "/" if self.key(below) else ""
        names = set()
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/"):
            names.update(found["Key"].removeprefix(prefix) for found in page.get("Contents", []))
            names.update(found["Prefix"].removeprefix(prefix).rstrip("/") for found in page.get("CommonPrefixes", []))
        return sorted(names)

    def read(self, name):
        try:
            return self.client.get_object(Bucket=self.bucket, Key=self.key(name))["Body"].read()
        except self.client.exceptions.NoSuchKey:
            return None


def places(folder):
    """Where the tables of a lake are, and the other logs that write to them."""
    path = folder / "storage.toml"
    storage = tomllib.loads(path.read_text()) if path.exists() else {}
    first = Bucket(storage["tables"], storage) if "tables" in storage else Folder(folder / "tables")
    cold = [Bucket(storage["cold"], storage)] if "cold" in storage else []
    return [first, *cold], set(storage.get("writers", []))


def read_parquet(data, columns):
    """Columns of a file, read in this thread and from memory of Arrow's own: its threads that hold objects of the
    interpreter's may outlive that, and then the program ends by a signal (github.com/apache/arrow/issues/34314)."""
    file = parquet.ParquetFile(pyarrow.BufferReader(data), pre_buffer=False)
    return file.read(columns, use_threads=False)


def listed(place, table):
    """What a table's log says of its files: name to (size, statistics)."""
    log, present, start = f"{table}/_delta_log", {}, 0
    names = place.names(log)
    last = place.read(f"{log}/_last_checkpoint")
    if last is not None:
        start = json.loads(last)["version"] + 1
        for part in (name for name in names if name.startswith(f"{start - 1:020}.checkpoint") and name.endswith(".parquet")):
            for row in read_parquet(place.read(f"{log}/{part}"), ["add"]).to_pylist():
                if row["add"]:
                    present[unquote(row["add"]["path"])] = (row["add"]["size"], row["add"]["stats"])
    for commit in names:
        if commit.endswith(".json") and commit[:-5].isdigit() and int(commit[:-5]) >= start:
            for action in map(json.loads, place.read(f"{log}/{commit}").decode().splitlines()):
                if "add" in action:
                    present[unquote(action["add"]["path"])] = (action["add"]["size"], action["add"]["stats"])
                elif "remove" in action:
                    present.pop(unquote(action["remove"]["path"]), None)
    return {name: (size, json.loads(stats)) for name, (size, stats) in present.items()}


class Lake:
    def __init__(self, folder, key):
        self.folder, self.key, self.log = Path(folder), key, key.split("+")[0]
        self.problems, self.seen, self.deleted = [], {}, set()
        self.in_append, self.vouched, self.files = {}, {}, []
        self.places, self.writers = places(self.folder)
        self.others = 0

    def say(self, kind, record=None):
        self.problems.append([kind, record])

    def verify(self):
        seal = self.folder / "seal"
        try:
            self.size, root = checkpoint(seal / "checkpoint", self.key)
        except (OSError, ValueError, UnicodeDecodeError, InvalidSignature):
            return self.say("checkpoint")
        self.leaves = []
        try:
            self.check_hashes(seal, root)
        except (OSError, ValueError):
            self.say("hashes")
        try:
            for index, source, header, received_ms, raw in appended(self.folder / "append"):
                self.in_append[index] = record_hash(source, header, received_ms, raw)
                self.hold(index, self.in_append[index], source, raw)
        except (ValueError, IndexError, UnicodeDecodeError):
            self.say("append")
        known = set()
        for place in self.places:
            for table in (table for table in place.names("") if place.names(f"{table}/_delta_log")):
                for name, (size, said) in listed(place, table).items():
                    # A file that both places have counts once: it is being moved.
                    if (table, name) not in known:
                        known.add((table, name))
                        self.file(place, table, name, size, said)
        self.end()

    def check_hashes(self, seal, root):
        data = stored(seal, 0)
        self.leaves = [data[at : at + 32] for at in range(0, self.size * 32, 32)]
        if len(data) != self.size * 32 or root_of(self.leaves) != root:
            self.say("hashes")
        row, level = self.leaves, 1
        while len(row) >= 256:
            row = [root_of(row[at : at + 256]) for at in range(0, len(row) - len(row) % 256, 256)]
            if b"".join(row) != stored(seal, level):
                self.say("hashes")
            level += 1

    def hold(self, index, leaf, source, raw):
        if index >= self.size or index >= len(self.leaves):
            return
        if self.leaves[index] != leaf:
            return self.say("record", index)
        if source == "sekisho":
            said = json.loads(raw)
            for file in said.get("files", []):
                self.vouched[file["table"], file["name"]] = file
            for first, last in said.get("records", []):
                self.deleted.update(range(first, last + 1))

    def file(self, place, table, name, size, said):
        # Whose file it is, its statistics say. Who is not known has no business here.
        if said["minValues"]["log"] == said["maxValues"]["log"] != self.log and said["minValues"]["log"] in self.writers:
            self.others += said["numRecords"]
            return
        data = place.read(f"{table}/{name}")
        words = place.read(f"{table}/_words/{name.replace('.parquet', '.words')}")
        digests = [None if part is None else hashlib.sha256(part).hexdigest() for part in (data, words)]
        self.files.append((table, name, digests))
        try:
            columns = ["log", "record", "source", "header", "received", "raw", "raw_bytes"]
            rows = read_parquet(data, columns + ([] if table == "quarantine" else ["time"]))
            received = compute.cast(rows["received"], "int64").to_pylist()
            columns = [rows[column].to_pylist() for column in ("log", "record", "source", "header", "raw", "raw_bytes")]
        except Exception:  # noqa: BLE001 - whatever a damaged file does to the reader, it is damaged
            return self.say("file")
        records = columns[1]
        span = [said["minValues"]["record"], said["maxValues"]["record"]]
        if len(data) != size or said["numRecords"] != len(records) or span != [min(records), max(records)]:
            self.say("listed")
        for log, index, source, header, raw, raw_bytes, moment in zip(*columns, received):
            content = raw_bytes if raw is None else raw.encode()
            leaf = record_hash(source, header or "", moment // 1000, content)
            if log != self.log or index < 0 or (index >= self.size and self.in_append.get(index) != leaf):
                self.say("inserted", index)
            elif index in self.seen:
                self.say("doubled", index)
            else:
                self.seen[index] = True
                self.hold(index, leaf, source, content)

    def end(self):
        for index in range(self.size):
            if index not in self.seen and index not in self.in_append and index not in self.deleted:
                self.say("dropped", index)
        for table, name, digests in self.files:
            said = self.vouched.get((table, name))
            if not said or digests != [said["sha256"], said["words_sha256"]]:
                self.say("file")


for folder in sys.argv[2:]:
    lake = Lake(folder, sys.argv[1].strip())
    lake.verify()
    print(json.dumps({"good": not lake.problems, "problems": lake.problems[:1000], "others": lake.others}), flush=True)
