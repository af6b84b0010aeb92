"""A second verifier of OctoNext's seals, written from docs/audit.md: it uses nothing of the package.

    python scripts/verify_audit.py --dsn postgresql://... --key sealing-kw-1.pub [--copies heads.jsonl]

It needs asyncpg and cryptography. It reads the heads of one database (and copies of them from a file), checks
signatures, numbers, chain and trees, reads every sealed row and compares its hash, looks for rows that no
head and no push accounts for, and for triggers that were touched. Of functions, grants and settings it says
nothing. Exit code 0: all is as it was sealed; 2: it is not, one line for each thing.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import itertools
import json
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import asyncpg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

# tag: table, key of a record, key in a manifest (behind the time), its JSON columns
TABLES = {
    1: ("push", ">4x8xq8xi8xi", ">qqii", 0),
    2: ("device_journal", ">4x8xi8xi8xq", ">qiiq", 0),
    3: ("ledger_line", ">4x8xi8xi8xq8xi", ">qiiqi", 0),
    4: ("audit_transaction", ">4x8xq", ">qq", 0),
    5: ("audit_change", ">4x8xq8xq", ">qqq", 3),
}
RECORDS = {
    1: "p.xid, p.branch_id, p.device_id, p.first_seq, p.last_seq, p.hash, p.posted_at",
    2: "t.branch_id, t.device_id, t.seq, t.hash, t.key_id, t.kind, t.bytes, t.ciphertext, t.outcome::text, "
    "t.reason, t.till_at, t.hlc, t.received_at",
    3: "t.branch_id, t.device_id, t.seq, t.line_no, t.account, t.debit, t.credit, t.currency, "
    "t.business_date, t.posted_at",
    4: "t.xid, t.actor_kind, t.actor_id, t.actor_name, t.actor_ip, t.device_id, t.key_thumbprint, "
    "t.user_agent, t.app_version, t.request_id, t.claim, t.login_role, t.session_role, t.set_role, "
    "t.client_addr, t.application_name, t.backend_pid, t.replication_role, t.at",
    5: "t.xid, t.id, t.table_name, t.operation, t.at",
}
# Where the transaction of a row comes from, and when the row was written.
FROM = {
    1: "push p",
    2: "device_journal t LEFT JOIN push p ON p.branch_id = t.branch_id AND p.device_id = t.device_id "
    "AND p.posted_at = t.received_at AND t.seq BETWEEN p.first_seq AND p.last_seq",
    3: "ledger_line t LEFT JOIN push p ON p.branch_id = t.branch_id AND p.device_id = t.device_id "
    "AND p.posted_at = t.posted_at AND t.seq BETWEEN p.first_seq AND p.last_seq",
    4: "audit_transaction t",
    5: "audit_change t",
}
XID = {1: "p.xid", 2: "p.xid", 3: "p.xid", 4: "t.xid", 5: "t.xid"}

Leaf = tuple[bytes, int]


class Report:
    """What was found, said once each."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        if line not in self.lines:
            self.lines.append(line)


def lines_of(head: bytes) -> dict[str, str]:
    """The values of a head by name."""
    title, *rest = head.decode("ascii").splitlines()
    if title != "octonext-seal 1":
        raise ValueError("not a head")
    return dict(line.split(" ", 1) for line in rest)


def leaves_of(manifest: bytes) -> list[tuple[int, tuple[int, ...], int, bytes]]:
    """Tag, key, time and hash of each leaf, in order."""
    version, size = struct.unpack_from(">BI", manifest)
    if version != 1:
        raise ValueError("not a manifest")
    names = zlib.decompress(manifest[5 : 5 + size])
    hashes = manifest[5 + size :]
    leaves: list[tuple[int, tuple[int, ...], int, bytes]] = []
    place = 0
    while place < len(names):
        tag, count = struct.unpack_from(">BI", names, place)
        place += 5
        form = struct.Struct(TABLES[tag][2])
        for _ in range(count):
            at, *key = form.unpack_from(names, place)
            place += form.size
            number = len(leaves)
            leaves.append((tag, tuple(key), at, hashes[32 * number : 32 * number + 32]))
    if 32 * len(leaves) != len(hashes):
        raise ValueError("a manifest of another length")
    return leaves


class Tree:
    """A Merkle tree of RFC 9162 that only grows: complete subtrees as (leaves, hash)."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        self.size += 1
        self.peaks.append((1, leaf))
        while len(self.peaks) > 1 and self.peaks[-1][0] == self.peaks[-2][0]:
            count, right = self.peaks.pop()
            _, left = self.peaks.pop()
            self.peaks.append((2 * count, hashlib.sha256(b"\x01" + left + right).digest()))

    def root(self) -> bytes:
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1][1]
        for _, left in reversed(self.peaks[:-1]):
            root = hashlib.sha256(b"\x01" + left + root).digest()
        return root


class Number(str):
    """A JSON number, as its digits."""

    __slots__ = ()


def canonical(text: str | None) -> bytes:
    """The hashed form of a JSON column."""
    if text is None:
        return b"0"

    def write(value: Any) -> bytes:
        if isinstance(value, (Number, str)):
            body = value.encode()
            return (b"d" if isinstance(value, Number) else b"s") + struct.pack(">I", len(body)) + body
        if value is None or isinstance(value, bool):
            return {None: b"n", True: b"t", False: b"f"}[value]
        if isinstance(value, list):
            return b"a" + struct.pack(">I", len(value)) + b"".join(map(write, value))
        members = sorted(value.items(), key=lambda member: member[0].encode())
        inside = b"".join(write(name) + write(each) for name, each in members)
        return b"o" + struct.pack(">I", len(value)) + inside

    return write(json.loads(text, parse_int=Number, parse_float=Number))


def named(tag: int, key: tuple[int, ...]) -> str:
    """A row's name."""
    return f"{TABLES[tag][0]} {'-'.join(map(str, key))}"


def signed(head: bytes, signature: bytes, public: Ed25519PublicKey) -> bool:
    """Whether the key signed these bytes."""
    try:
        public.verify(signature, head)
    except InvalidSignature:
        return False
    return True


def heads_in(file: Path, database: str | None) -> dict[int, tuple[bytes, bytes, bytes]]:
    """The copies in a file by number: head, signature, manifest."""
    found: dict[int, tuple[bytes, bytes, bytes]] = {}
    for line in file.read_bytes().splitlines():
        try:
            copy = json.loads(line)
        except ValueError:
            continue  # a crash may cut a line short
        if database in (None, copy["database"]):
            leaves = base64.b64decode(copy["leaves"])
            found[copy["number"]] = (copy["head"].encode(), bytes.fromhex(copy["signature"]), leaves)
    return found


def check_chain(
    chain: dict[int, tuple[bytes, bytes, bytes]], public: Ed25519PublicKey, report: Report
) -> tuple[dict[tuple[int, tuple[int, ...]], Leaf], dict[str, str] | None]:
    """Walk along the heads. The leaves by row, and the newest head."""
    tree = Tree()
    expected: dict[tuple[int, tuple[int, ...]], Leaf] = {}
    newest: dict[str, str] | None = None
    before: bytes | None = None
    number_before, whole = 0, True
    for number, (head, signature, manifest) in sorted(chain.items()):
        values = lines_of(head)
        if not signed(head, signature, public) or int(values["number"]) != number:
            report.add(f"head {number}: forged")
            whole = False
            continue
        continues, accepted = int(values["continues"]), number != int(values["continues"]) + 1
        if accepted:
            report.lines.append(f"note: head {number} accepts a restore to head {continues}")
        elif number != number_before + 1:
            report.add(f"heads {number_before + 1} to {number - 1}: gone")
            whole = False
        elif before is not None and values["previous"] != hashlib.sha256(before).hexdigest():
            report.add(f"head {number}: does not follow head {number_before}")
        if newest is not None and values["sealed_at"] <= newest["sealed_at"]:
            report.add(f"head {number}: time runs backwards")
        for clock in ("clock", "database_clock"):
            if newest is not None and values[clock][:16] < newest[clock][:16]:
                report.add(f"head {number}: {clock} was set back")
        if hashlib.sha256(manifest).hexdigest() != values["leaves"]:
            report.add(f"head {number}: its leaves are altered")
            whole = False
        else:
            for tag, key, at, leaf in leaves_of(manifest):
                tree.add(leaf)
                expected[tag, key] = (leaf, at)
            if whole and (tree.size, tree.root().hex()) != (int(values["size"]), values["root"]):
                report.add(f"head {number}: its tree has another root")
        before, number_before, newest = head, number, values
    return expected, newest


async def check_rows(
    connection: asyncpg.Connection,
    expected: dict[tuple[int, tuple[int, ...]], Leaf],
    watermark: int,
    database: str,
    public: Ed25519PublicKey,
    report: Report,
) -> int:
    """Compare every row; how many."""
    compared = 0
    xmax = int(await connection.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text"))
    archived = []
    for row in await connection.fetch(
        "SELECT table_name, partition_name, "
        "(extract(epoch FROM from_at - '2000-01-01Z') * 1000000)::bigint AS from_at, "
        "(extract(epoch FROM until_at - '2000-01-01Z') * 1000000)::bigint AS until_at, row_count, file_name, "
        "file_sha256, tree_size, signature FROM seal_archive "
        "WHERE NOT EXISTS (SELECT FROM pg_class WHERE relname = partition_name AND relispartition)"
    ):
        statement = (
            f"octonext-archive 1\ndatabase {database}\ntable {row['table_name']}\n"
            f"partition {row['partition_name']}\nfrom {row['from_at']}\nuntil {row['until_at']}\n"
            f"rows {row['row_count']}\nsha256 {row['file_sha256'].hex()}\nsize {row['tree_size']}\n"
            f"file {row['file_name']}\n"
        )
        if signed(statement.encode(), row["signature"], public):
            archived.append((row["table_name"], row["from_at"], row["until_at"]))
        else:
            report.add(f"archive of {row['partition_name']}: not signed")
    for tag, (table, form, _, json_columns) in TABLES.items():
        if await connection.fetchval("SELECT to_regclass($1)", table) is None:
            continue
        texts = "".join(f", t.{name}::text" for name in ("key", "before", "after")[:json_columns])
        query = f"SELECT {XID[tag]}::text, record_send(ROW({RECORDS[tag]})){texts} FROM {FROM[tag]}"  # noqa: S608 -- our own
        async for xid, record, *values in connection.cursor(query, prefetch=5000):
            key = struct.unpack_from(form, record)
            data = (
                b"octonext-row-1\x00" + table.encode() + b"\x00" + record + b"".join(map(canonical, values))
            )
            leaf = expected.pop((tag, key), None)
            if leaf is None:
                if xid is None or not watermark <= int(xid) < xmax:
                    report.add(f"{named(tag, key)}: inserted, no head has it")
                continue
            compared += 1
            if hashlib.sha256(b"\x00" + data).digest() != leaf[0]:
                report.add(f"{named(tag, key)}: changed")
    for (tag, key), (_, at) in expected.items():
        if not any(name == TABLES[tag][0] and first <= at < last for name, first, last in archived):
            report.add(f"{named(tag, key)}: missing")
    return compared


def triggers_in(items: str) -> dict[str, tuple[str, str]]:
    """Of a catalogue's text, each trigger with whether it is enabled and its xmin."""
    found = {}
    for line in items.splitlines():
        thing, _, state = line.partition("\t")
        if thing.startswith("trigger "):
            words = state.split()
            found[thing.removeprefix("trigger ")] = (words[words.index("enabled") + 1], words[-1])
    return found


def migrations_in(items: str) -> set[str]:
    """Of a catalogue's text, its migrations."""
    return {line for line in items.splitlines() if line.startswith("migration ")}


async def check_catalogue(
    connection: asyncpg.Connection, chain: dict[int, tuple[bytes, bytes, bytes]], report: Report
) -> None:
    """Triggers from head to head, and as they are now. A migration may change them, and says so."""
    texts = {
        hashlib.sha256(row["items"].encode()).hexdigest(): row["items"]
        for row in await connection.fetch("SELECT items FROM seal_catalogue")
    }
    now = await connection.fetch(
        "SELECT c.relname || '.' || t.tgname AS name, t.tgenabled::text AS enabled, t.xmin::text AS xmin "
        "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = 'public'::regnamespace"
    )
    guarded = {row["name"] for row in now if row["enabled"] == "A"}
    for row in await connection.fetch(
        "SELECT c.relname FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid "
        "LEFT JOIN pg_class p ON p.oid = i.inhparent WHERE c.relnamespace = 'public'::regnamespace "
        "AND c.relkind IN ('r', 'p') AND coalesce(p.relname, c.relname) = ANY ($1::text[])",
        [table for table, *_ in TABLES.values()],
    ):
        if f"{row[0]}.append_only" not in guarded:
            report.add(f"table {row[0]}: nothing keeps it from being rewritten")
    archived = {row[0] for row in await connection.fetch("SELECT partition_name FROM seal_archive")}
    states: list[tuple[dict[str, tuple[str, str]], set[str]]] = []
    for number, (head, _, _) in sorted(chain.items()):
        items = texts.get(lines_of(head)["catalogue"])
        if items is None:
            report.add(f"catalogue: the text that head {number} speaks of is gone or altered")
        else:
            states.append((triggers_in(items), migrations_in(items)))
    if states:
        states.append(({row["name"]: (row["enabled"], row["xmin"]) for row in now}, states[-1][1]))
    for (before, old), (after, new) in itertools.pairwise(states):
        for name, state in before.items():
            gone = name not in after and name.split(".")[0] not in archived
            if old == new and (gone or after.get(name, state) != state):
                report.add(f"trigger {name}: {'gone' if gone else 'altered'}")
        tables = {name.split(".")[0] for name in before}
        for name in after.keys() - before.keys():
            table, _, trigger = name.partition(".")
            new_month = table not in tables and trigger == "append_only" and after[name][0] == "A"
            if old == new and not new_month:
                report.add(f"trigger {name}: came")


async def verify(dsn: str, public: Ed25519PublicKey, copies: Path | None) -> Report:
    """Everything that differs from what was sealed."""
    report = Report()
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            rows = await connection.fetch(
                "SELECT number, head, signature, coalesce(leaves, '') AS leaves "
                "FROM seal_head LEFT JOIN seal_leaves USING (number) ORDER BY number"
            )
            chain = {row["number"]: (row["head"], row["signature"], row["leaves"]) for row in rows}
            if copies is not None:
                database = lines_of(rows[-1]["head"])["database"] if rows else None
                for number, copy in heads_in(copies, database).items():
                    if not signed(copy[0], copy[1], public):
                        continue
                    if number not in chain:
                        report.add(f"head {number}: a copy has it, the database does not")
                    elif chain[number][0] == copy[0] and chain[number][2] == copy[2]:
                        continue
                    elif signed(chain[number][0], chain[number][1], public) and chain[number][0] != copy[0]:
                        report.add(f"head {number}: the copy is another one, two histories")
                        continue
                    else:
                        report.add(f"head {number}: altered, a copy has it as it was signed")
                    chain[number] = copy
            expected, newest = check_chain(chain, public, report)
            if newest is None:
                report.add("no head at all")
                return report
            compared = await check_rows(
                connection, expected, int(newest["watermark"]), newest["database"], public, report
            )
            await check_catalogue(connection, chain, report)
    finally:
        connection.terminate()
    print(f"{newest['database']}: {len(chain)} heads, {compared} rows compared")
    return report


def main() -> int:
    """Verify and say what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--key", required=True, type=Path, help="the database's public sealing key, PEM")
    parser.add_argument("--copies", type=Path, help="a file with copies of heads")
    chosen = parser.parse_args()
    public = load_pem_public_key(chosen.key.read_bytes())
    assert isinstance(public, Ed25519PublicKey), "a sealing key is Ed25519"
    report = asyncio.run(verify(chosen.dsn, public, chosen.copies))
    for line in report.lines:
        print(line)
    found = [line for line in report.lines if not line.startswith("note: ")]
    print("as it was sealed" if not found else f"{len(found)} found")
    return 2 if found else 0


if __name__ == "__main__":
    sys.exit(main())
