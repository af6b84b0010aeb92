"""The simulated disk of a till: what outlives a crash, at every boundary of a write."""

from __future__ import annotations

from pathlib import Path

import pytest

from octonext.processes.simulate.disk import Disk, SimulatedFile
from octonext.processes.simulate.node import NodeCrashed


class Boundaries:
    """Crashes at one boundary, once it is armed."""

    def __init__(self) -> None:
        self.armed = ""

    def __call__(self, name: str) -> None:
        if name == self.armed:
            raise NodeCrashed(name)


@pytest.fixture
def boundaries() -> Boundaries:
    return Boundaries()


@pytest.fixture
def disk(boundaries: Boundaries) -> Disk:
    return Disk(Path("till"), boundary=boundaries, loses_unsynced=lambda: True)


def write(file: SimulatedFile, name: str, *, durable: bool = True) -> None:
    with file.transaction(durable=durable) as connection:
        connection.execute("INSERT INTO meta (name, value) VALUES (?, x'00')", (name,))


def names(disk: Disk) -> list[str]:
    file = SimulatedFile(disk)
    with file.transaction() as connection:
        found = [name for (name,) in connection.execute("SELECT name FROM meta ORDER BY name")]
    disk.kill()
    return found


def test_a_killed_process_loses_nothing_that_it_committed(disk: Disk) -> None:
    file = SimulatedFile(disk)
    write(file, "forced")
    write(file, "unforced", durable=False)
    disk.kill()
    assert names(disk) == ["forced", "unforced"]


def test_a_power_cut_loses_what_was_not_forced(disk: Disk) -> None:
    file = SimulatedFile(disk)
    write(file, "forced")
    write(file, "unforced", durable=False)
    disk.cut_power()
    assert names(disk) == ["forced"]


def test_a_forced_write_takes_the_unforced_ones_before_it_along(disk: Disk) -> None:
    file = SimulatedFile(disk)
    write(file, "unforced", durable=False)
    write(file, "forced")
    disk.cut_power()
    assert names(disk) == ["forced", "unforced"]


def test_a_crash_before_the_commit_leaves_nothing_of_it(disk: Disk, boundaries: Boundaries) -> None:
    file = SimulatedFile(disk)
    write(file, "before")
    boundaries.armed = "before commit"
    with pytest.raises(NodeCrashed):
        write(file, "torn")
    boundaries.armed = ""
    disk.cut_power()
    assert names(disk) == ["before"]


def test_a_crash_after_the_commit_leaves_all_of_it(disk: Disk, boundaries: Boundaries) -> None:
    file = SimulatedFile(disk)
    boundaries.armed = "after commit"
    with pytest.raises(NodeCrashed):
        write(file, "there")
    boundaries.armed = ""
    disk.cut_power()
    assert names(disk) == ["there"]


def test_a_disk_that_lies_forces_nothing(disk: Disk) -> None:
    file = SimulatedFile(disk)
    write(file, "before")
    disk.lies = True
    write(file, "lost")
    disk.cut_power()
    assert names(disk) == ["before"]


def test_an_old_copy_holds_what_was_there_when_it_was_made(disk: Disk) -> None:
    file = SimulatedFile(disk)
    write(file, "old")
    copy = disk.copy()
    write(file, "new")
    disk.kill()
    disk.restore(copy)
    assert names(disk) == ["old"]
