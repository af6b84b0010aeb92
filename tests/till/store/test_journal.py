"""The journal on disk: what is acknowledged, what is refused, and who may write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from octonext.crypto.envelope import open_entry, unwrap_for_shard
from octonext.till.domain.cart import Item
from octonext.till.errors import DiskFull, JournalDamaged, JournalInUse, NotEnrolled
from octonext.till.service import Till
from octonext.till.store import Identity, Journal
from octonext.till.store.file import TillFile
from octonext.till.store.journal import FILE_NAME

MILK, PIN = "6291003100018", "4711"


def test_no_plaintext_of_an_entry_is_on_the_disk(open_till: Till, tmp_path: Path) -> None:
    receipt = open_till.sell([Item(MILK)], [], note="for Umm Khalid")
    open_till.journal.close()
    content = b"".join(file.read_bytes() for file in (tmp_path / "till").iterdir())
    for secret in (b"Umm Khalid", b'"payments"', PIN.encode() + b'"', b"opening_float"):
        assert secret not in content
    assert receipt.number == "KW01-T01-2"


def test_the_shard_can_open_what_the_till_stored(open_till: Till, shard_key: object) -> None:
    open_till.sell([Item(MILK)], [])
    journal = open_till.journal
    [wrapped] = journal.wrapped_keys()
    key = unwrap_for_shard(wrapped.for_shard, shard_key, device=7, key_id=wrapped.key_id)  # type: ignore[arg-type]
    sale = journal.entries(2, 2)[0]
    plaintext = open_entry(key, device=7, shift=sale.key_id, seq=2, sealed=sale.ciphertext)
    assert b'"kind":"sale"' in plaintext


def test_a_second_writer_is_refused_and_a_reader_is_not(open_till: Till, tmp_path: Path) -> None:
    with pytest.raises(JournalInUse, match="Another process"):
        Journal.open(tmp_path / "till")
    reader = Journal.open(tmp_path / "till", readonly=True)
    assert reader.place.seq == 1
    reader.close()
    open_till.journal.close()
    reader = Journal.open(tmp_path / "till", readonly=True)
    assert reader.place.seq == 1
    reader.close()
    Journal.open(tmp_path / "till").close()


def test_a_foreign_a_broken_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotEnrolled):
        Journal.open(tmp_path)
    (tmp_path / FILE_NAME).write_bytes(b"not a database" * 100)
    with pytest.raises(JournalDamaged, match="damaged"):
        Journal.open(tmp_path)
    (tmp_path / FILE_NAME).unlink()
    sqlite3.connect(tmp_path / FILE_NAME).execute("CREATE TABLE t (a)").connection.close()
    with pytest.raises(JournalDamaged, match="not a till's journal"):
        Journal.open(tmp_path)


def test_a_journal_with_a_hole_is_not_sold_with(open_till: Till, tmp_path: Path) -> None:
    for _ in range(3):
        open_till.sell([Item(MILK)], [])
    open_till.journal.close()
    connection = sqlite3.connect(tmp_path / "till" / FILE_NAME)
    connection.execute("DELETE FROM entry WHERE seq = 2")
    connection.commit()
    connection.close()
    with pytest.raises(JournalDamaged, match="lost entries"):
        Journal.open(tmp_path / "till")


def test_an_existing_till_is_never_overwritten(till: Till, tmp_path: Path, identity: Identity) -> None:
    with pytest.raises(JournalInUse):
        Journal.create(tmp_path / "till", identity)


def test_only_what_the_shard_holds_with_the_same_hash_is_pruned(open_till: Till) -> None:
    for _ in range(5):
        open_till.sell([Item(MILK)], [])
    open_till.close_shift(0)
    journal = open_till.journal
    assert journal.prune(keep=2) == 0
    own_hash, _ = journal.mark(4)
    assert own_hash is not None
    journal.mark_acked(4, own_hash, 1, ["posted", "posted", "quarantined", "posted_with_case"])
    assert journal.prune(keep=2) == 2
    assert [entry.seq for entry in journal.entries(1, 9)] == [3, 4, 5, 6, 7]
    assert journal.outcomes() == {"posted_with_case": 1, "quarantined": 1}
    journal.mark_acked(4, bytes(32), 1, [])
    with pytest.raises(JournalDamaged):
        journal.prune(keep=1)


def test_pruning_spares_the_open_shift_so_that_a_restart_knows_the_drawer(open_till: Till) -> None:
    open_till.sell([Item(MILK)], [])
    open_till.close_shift(20_350)
    open_till.open_shift("C1", PIN, 10_000)
    open_till.sell([Item(MILK)], [])
    journal = open_till.journal
    journal.mark_acked(5, journal.place.hash, 1, [])
    assert journal.prune(keep=1) == 3
    again = Till(journal)
    again.unlock(PIN)
    assert again.drawer.expected == 10_350
    open_till.close_shift(10_350)
    journal.mark_acked(6, journal.place.hash, 6, [])
    assert journal.prune(keep=1) == 2


@pytest.mark.parametrize("loss", ["DELETE FROM entry", "DELETE FROM entry WHERE seq < 3"])
def test_a_journal_that_lost_all_or_its_beginning_does_not_start_again(
    open_till: Till, tmp_path: Path, loss: str
) -> None:
    for _ in range(3):
        open_till.sell([Item(MILK)], [])
    own_hash, _ = open_till.journal.mark(2)
    assert own_hash is not None
    open_till.journal.mark_acked(2, own_hash, 1, [])
    open_till.journal.close()
    edit(tmp_path, loss)
    with pytest.raises(JournalDamaged, match="has lost"):
        Journal.open(tmp_path / "till")


def test_a_journal_that_lost_all_before_the_first_ack_does_not_start_again(
    open_till: Till, tmp_path: Path
) -> None:
    open_till.journal.close()
    edit(tmp_path, "DELETE FROM entry")
    with pytest.raises(JournalDamaged, match="has lost"):
        Journal.open(tmp_path / "till")


def test_a_journal_pruned_to_its_last_entry_goes_on(open_till: Till, tmp_path: Path) -> None:
    open_till.close_shift(20_000)
    place = open_till.journal.place
    open_till.journal.mark_acked(2, place.hash, 1, [])
    assert open_till.journal.prune(keep=0) == 1
    open_till.journal.close()
    again = Journal.open(tmp_path / "till")
    assert again.place == place
    again.close()


def test_what_the_disk_made_of_an_entry_is_noticed(
    open_till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = TillFile.transaction

    @contextmanager
    def commit_to_a_bad_disk(file: TillFile) -> Iterator[sqlite3.Connection]:
        with commit(file) as connection:
            yield connection
            [(ciphertext,)] = connection.execute("SELECT ciphertext FROM entry WHERE seq = 2")
        wal = tmp_path / "till" / f"{FILE_NAME}-wal"
        content = wal.read_bytes()
        assert ciphertext in content
        with wal.open("r+b") as disk:
            disk.seek(content.rindex(ciphertext))
            disk.write(bytes(8))

    monkeypatch.setattr(TillFile, "transaction", commit_to_a_bad_disk)
    with pytest.raises(JournalDamaged, match="does not give back"):
        open_till.sell([Item(MILK)], [])
    assert open_till.journal.place.seq == 1


def test_a_full_disk_is_called_by_its_name_and_loses_nothing(open_till: Till) -> None:
    pages = "PRAGMA max_page_count = {}"
    open_till.journal._file._connection.execute(pages.format(1))  # SQLite makes it the size there is.
    with pytest.raises(DiskFull, match="disk is full"):
        sell_for_ever(open_till)
    written = open_till.journal.place.seq
    open_till.journal._file._connection.execute(pages.format(1 << 20))
    open_till.sell([Item(MILK)], [])
    assert [entry.seq for entry in open_till.journal.entries(written, written + 5)] == [written, written + 1]


def sell_for_ever(till: Till) -> None:
    for _ in range(100):
        till.sell([Item(MILK)], [], note="x" * 200)


def edit(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "till" / FILE_NAME)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_what_does_not_follow_is_not_appended(open_till: Till) -> None:
    [entry] = open_till.journal.entries(1, 1)
    with pytest.raises(ValueError, match="does not follow"):
        open_till.journal.append_many([entry], hlc=0, shift=open_till.journal.shift)


def test_a_reopened_journal_goes_on_where_it_was(open_till: Till, tmp_path: Path) -> None:
    open_till.sell([Item(MILK)], [])
    place, shift = open_till.journal.place, open_till.journal.shift
    open_till.journal.close()
    again = Journal.open(tmp_path / "till")
    assert (again.place, again.shift) == (place, shift)
    assert again.reference.cursors() == {"reference": "1.1"}
    again.close()


def test_secrets_do_not_show_in_representations(open_till: Till) -> None:
    shown = repr(open_till.identity) + repr(open_till._pen) + repr(open_till.journal.wrapped_keys())
    assert "device_key" not in shown
    assert "device_share" not in shown
    assert "key=" not in shown.replace("shard_public_key=", "")
    assert "for_till" not in shown
