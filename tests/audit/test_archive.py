"""Months of the trail move into files: whole, sealed, checked before they go, and checkable for ever."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from struct import Struct

import asyncpg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from octonext.audit.archive import service
from octonext.audit.archive.domain import ArchiveDiffers, Month, MonthMalformed, check
from octonext.audit.archive.service import ArchiveInTheWay, MonthNotSealed, archive, examine, key_name
from octonext.audit.sealing.domain.head import SealingKey
from octonext.audit.sealing.service.sealing import Memory, seal
from octonext.base.clock import SystemClock
from octonext.crypto.keyring import Keyring
from octonext.crypto.sealed_stream import SealKeyMissing, SealRefused, unseal
from octonext.processes.audit.archive import (
    MonthTooYoung,
    auditors_publics,
    own_publics,
    require_old_enough,
)
from octonext.processes.sealer.keys import NoSealingKey
from octonext.runtime.secrets import SecretSource

MARCH, APRIL = Month(2025, 3), Month(2025, 4)
KEY = SealingKey(bytes(range(32)))
PUBLICS = {KEY.id: KEY.public}
SECRET = b"k" * 32
FRAME = Struct(">cI")
BACKDATED = """
    INSERT INTO audit_change (xid, at, table_name, operation, key)
    SELECT xid, at + interval '{later}', 'branch', 'delete', '{{}}' FROM audit_change
    WHERE key = '{{"branch_id": 2}}'
"""


@dataclass
class Trail:
    """A shard's database with a trail of two old months, as its owner sees it."""

    connection: asyncpg.Connection
    folder: Path
    memory: Memory = field(default_factory=Memory)

    async def change(self, month: Month, *numbers: int) -> None:
        """One transaction of that month which changed as many rows."""
        at = month.start.replace(day=15, microsecond=numbers[0])
        async with self.connection.transaction():
            await self.connection.execute(
                "INSERT INTO audit_transaction (at, actor_kind, session_role, set_role, application_name,"
                " backend_pid, replication_role) VALUES ($1, 'none', 's', 'none', 'a', 1, 'origin')", at
            )  # fmt: skip
            await self.connection.executemany(
                "INSERT INTO audit_change (at, table_name, operation, key, before, after)"
                " VALUES ($1, 'branch', 'update', $2, NULL, $3)",
                [(at, f'{{"branch_id": {each}}}', f'{{"name_en": "Salmiya {each}"}}') for each in numbers],
            )  # fmt: skip

    async def seal(self) -> None:
        await seal(self.connection, "kw-1", "shard", KEY, SystemClock(), self.memory)

    async def archive(self, month: Month = MARCH) -> service.Archived:
        return await archive(
            self.connection,
            "kw-1",
            month,
            folder=self.folder,
            key=lambda _: SECRET,
            publics=PUBLICS,
            signing=KEY,
        )

    async def months(self) -> list[str]:
        return [str(month) for month in await service.archivable(self.connection, Month(2026, 1))]

    async def as_superuser(self, *statements: str) -> None:
        for guard in ("DISABLE", "ENABLE ALWAYS"):
            for table in ("audit_change_2025_03", "audit_transaction_2025_03"):
                await self.connection.execute(f"ALTER TABLE {table} {guard} TRIGGER append_only")
            if guard == "DISABLE":
                for statement in statements:
                    await self.connection.execute(statement)


@pytest_asyncio.fixture
async def trail(shard_dsn: str, tmp_path: Path) -> AsyncIterator[Trail]:
    connection = await asyncpg.connect(shard_dsn)
    await connection.execute("SELECT ensure_month_partitions('2025-03-01', 2)")
    made = Trail(connection, tmp_path)
    await made.change(MARCH, 1, 2, 3)
    await made.change(APRIL, 4)
    await made.seal()
    await made.change(MARCH, 5)
    await made.seal()
    yield made
    await connection.close()


def read(file: Path, publics: dict[str, bytes] = PUBLICS, secret: bytes | None = SECRET) -> dict[str, int]:
    return examine(file, keys=lambda _: secret, publics=publics)[1].rows


async def test_a_sealed_month_moves_into_a_file_that_proves_itself_alone(trail: Trail) -> None:
    done = await trail.archive()
    assert await trail.months() == ["2025-04"]
    assert read(done.file) == {"audit_transaction": 2, "audit_change": 4}
    assert b"Salmiya" not in done.file.read_bytes()
    assert done.file.stat().st_mode & 0o077 == 0
    digest = examine(done.file, keys=lambda _: SECRET, publics=PUBLICS)[2]
    rows = await trail.connection.fetch(
        "SELECT table_name, partition_name, row_count, file_name, file_sha256, tree_size FROM seal_archive"
    )
    assert {(row["table_name"], row["row_count"]) for row in rows} == {
        ("audit_change", 4), ("audit_transaction", 2),
    }  # fmt: skip
    assert {(row["file_name"], row["file_sha256"]) for row in rows} == {(done.file.name, digest)}
    event = await trail.connection.fetchval(
        "SELECT after->>'sha256' FROM audit_change WHERE key = '{\"event\": \"trail_archived\"}'"
    )
    assert event == digest.hex()


async def test_a_month_without_rows_leaves_too(trail: Trail) -> None:
    await trail.connection.execute("SELECT ensure_month_partitions('2025-01-01', 1)")
    done = await trail.archive(Month(2025, 1))
    assert read(done.file) == {"audit_transaction": 0, "audit_change": 0}
    assert await trail.months() == ["2025-03", "2025-04"]


async def test_a_month_that_is_not_sealed_to_its_end_stays(trail: Trail) -> None:
    await trail.change(MARCH, 6)
    with pytest.raises(MonthNotSealed):
        await trail.archive()
    assert await trail.months() == ["2025-03", "2025-04"]
    assert list(trail.folder.iterdir()) == []
    await trail.seal()
    assert (await trail.archive()).totals.rows["audit_change"] == 5


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            'UPDATE audit_change_2025_03 SET after = \'{"name": "Other"}\' WHERE key = \'{"branch_id": 2}\'',
            "not the one",
        ),
        ("UPDATE audit_transaction_2025_03 SET actor_kind = 'user'", "not the one"),
        ("DELETE FROM audit_change_2025_03 WHERE key = '{\"branch_id\": 2}'", "where"),
        ("DELETE FROM audit_change_2025_03 WHERE key = '{\"branch_id\": 3}'", "missing"),
        (BACKDATED.format(later="0 s"), "never sealed"),
        (BACKDATED.format(later="1 s"), "no head has sealed"),
    ],
)
async def test_a_month_that_was_bent_stays_where_it_can_be_looked_at(
    trail: Trail, statement: str, told: str
) -> None:
    await trail.as_superuser(statement)
    with pytest.raises(ArchiveDiffers, match=told):
        await trail.archive()
    assert "2025-03" in await trail.months()
    assert await trail.connection.fetchval("SELECT count(*) FROM seal_archive") == 0


async def test_a_run_that_died_before_the_partitions_went_is_finished_by_the_next(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(Exception):
        pass

    async def die(*_: object) -> None:
        raise Died

    path = trail.folder / service.file_name("kw-1", MARCH)
    part = path.with_name(path.name + ".part")
    part.write_bytes(b"half of an earlier one" * 1000)
    with monkeypatch.context() as patched:
        patched.setattr(service, "_detach", die)
        with pytest.raises(Died):
            await trail.archive()
    assert "2025-03" in await trail.months()
    written = path.read_bytes()
    done = await trail.archive()
    assert done.file.read_bytes() == written
    assert not part.exists()
    assert await trail.months() == ["2025-04"]


async def test_two_runs_do_not_write_one_file(trail: Trail) -> None:
    with service._part(trail.folder / service.file_name("kw-1", MARCH)) as file:
        file.write(b"of another run")
        with pytest.raises(ArchiveInTheWay):
            await trail.archive()


async def test_an_archive_that_lies_under_another_months_name_stops_the_run(trail: Trail) -> None:
    april = await trail.archive(APRIL)
    april.file.rename(trail.folder / service.file_name("kw-1", MARCH))
    with pytest.raises(ArchiveDiffers, match="2025-04"):
        await trail.archive()
    assert await trail.months() == ["2025-03"]


async def test_a_writer_in_the_way_is_waited_for_and_the_month_stays_if_it_does_not_end(
    trail: Trail, shard_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "DETACH_ATTEMPTS_MAX", 2)
    monkeypatch.setattr(service, "DETACH_PAUSE_S", 0.01)
    writer = await asyncpg.connect(shard_dsn)
    block = writer.transaction()
    await block.start()
    await writer.execute("SELECT audit_event('tested')")
    with pytest.raises(ArchiveInTheWay):
        await trail.archive()
    assert "2025-03" in await trail.months()
    await block.rollback()
    await writer.close()
    await trail.archive()
    assert await trail.months() == ["2025-04"]


async def test_a_file_that_was_touched_or_is_read_with_other_keys_is_refused(trail: Trail) -> None:
    file = (await trail.archive()).file
    whole = file.read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 40)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises((SealRefused, SealKeyMissing, ArchiveDiffers)):
            read(file)
    file.write_bytes(whole[:-5])
    with pytest.raises(SealRefused):
        read(file)
    file.write_bytes(whole)
    with pytest.raises(SealRefused):
        read(file, secret=b"x" * 32)
    with pytest.raises(SealKeyMissing):
        read(file, secret=None)
    other = SealingKey(b"o" * 32)
    with pytest.raises(ArchiveDiffers, match="not among those to trust"):
        read(file, publics={other.id: other.public})
    with pytest.raises(ArchiveDiffers, match="forged"):
        read(file, publics={KEY.id: other.public})


async def test_whoever_has_the_archives_key_still_cannot_alter_leave_out_or_add_a_row(trail: Trail) -> None:
    file = (await trail.archive()).file
    frames = unpacked(file)
    assert check(packed(frames), publics=PUBLICS)[1].heads == 2
    kinds = [kind for kind, _ in frames]
    row = kinds.index(b"R")
    forgeries: dict[str, Callable[[], list[tuple[bytes, bytes]]]] = {
        "missing": lambda: [*frames[: kinds.index(b"Z") - 1], frames[-1]],
        "where": lambda: [*frames[:row], *frames[row + 1 :]],
        "is not the one": lambda: [(kind, body.replace(b"Salmiya 2", b"Salmiya 9")) for kind, body in frames],
        "never sealed": lambda: [*frames[:-1], frames[row], frames[-1]],
        "another number": lambda: [*frames[: row - 1], frames[-1]],
        "no end": lambda: frames[:-1],
        "behind its end": lambda: [*frames, frames[row]],
        "manifest": lambda: [(kind, body[:-1] + b"x" if kind == b"H" else body) for kind, body in frames],
        "does not follow": lambda: [frames[0], *frames[kinds.index(b"H", row) : -1], *frames[1:]],
        "no archive": lambda: frames[1:],
        "forged": lambda: [(kind, body.replace(b"\ncanary 0", b"\ncanary 1")) for kind, body in frames],
    }
    for told, forged in forgeries.items():
        with pytest.raises(ArchiveDiffers, match=told):
            check(packed(forged()), publics=PUBLICS)


def unpacked(file: Path) -> list[tuple[bytes, bytes]]:
    name = key_name("kw-1", MARCH)
    with file.open("rb") as opened:
        pieces = unseal(opened, lambda _: SECRET, context=f"the audit archive {name}")
        plain = zlib.decompress(b"".join(pieces))
    frames, place = [], 0
    while place < len(plain):
        kind, length = FRAME.unpack_from(plain, place)
        frames.append((kind, plain[place + FRAME.size : place + FRAME.size + length]))
        place += FRAME.size + length
    return frames


def packed(frames: list[tuple[bytes, bytes]]) -> list[bytes]:
    """As the file holds them, cut where no frame ends."""
    whole = zlib.compress(b"".join(FRAME.pack(kind, len(body)) + body for kind, body in frames))
    return [whole[at : at + 7] for at in range(0, len(whole), 7)]


def test_months_follow_each_other_over_the_years() -> None:
    assert str(Month(2025, 12).plus(1)) == "2026-01"
    assert str(Month(2026, 1).plus(-1)) == "2025-12"
    assert Month.parse("2025-12").end == Month(2026, 1).start
    for text in ("2025-13", "2025-1", "25-01", "0000-01", "2025-01-01", ""):
        with pytest.raises(MonthMalformed):
            Month.parse(text)


def test_whole_months_that_are_to_be_kept_are_not_archived() -> None:
    now = datetime(2026, 4, 1, tzinfo=UTC)
    require_old_enough(Month(2026, 1), 3, now)
    with pytest.raises(MonthTooYoung):
        require_old_enough(Month(2026, 2), 3, now)
    with pytest.raises(MonthTooYoung):
        require_old_enough(Month(2026, 1), 3, datetime(2026, 3, 31, 23, 59, tzinfo=UTC))


def test_the_keys_to_trust_are_every_generation_of_the_installations_or_an_auditors_own(
    tmp_path: Path,
) -> None:
    keyring = Keyring.create(tmp_path / "keys", SecretSource(file=tmp_path / "keys" / "master.key"))
    other = SealingKey(b"o" * 32)
    for key in (KEY, other):
        keyring.put("sealing", "kw-1", key.seed)
    assert own_publics(keyring) == {KEY.id: KEY.public, other.id: other.public}
    with pytest.raises(NoSealingKey):
        auditors_publics(tmp_path)
    pem = Ed25519PublicKey.from_public_bytes(other.public).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    (tmp_path / "sealing-kw-1.pub").write_bytes(pem)
    assert auditors_publics(tmp_path) == {other.id: other.public}
    (tmp_path / "sealing-hq.pub").write_text("not a key")
    with pytest.raises(NoSealingKey, match="sealing-hq"):
        auditors_publics(tmp_path)
