"""The audit catalogue of a database: what decides whether a change leaves a trace, as lines of text.

A head speaks of it by a digest. Two of them are compared thing by thing: what came, went or changed, and
whether that was a migration, a new month's partition, or somebody's hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from .rows import TABLES

Things = Mapping[str, str]

_PARTITION = re.compile(r"(?P<parent>[a-z_]+?)_(?P<year>\d{4})_(?P<month>\d{2})")
_OF = re.compile(r"\bof (?P<parent>\S+) FOR VALUES")
GUARDED = (
    *TABLES,
    "seal_head",
    "seal_leaves",
    "seal_catalogue",
    "seal_head_copy",
    "seal_key",
    "seal_archive",
)
"""Tables that only grow; each of them, and each of their partitions, must refuse anything else."""


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was."""

    thing: str
    before: str | None
    """None: it came."""
    after: str | None
    """None: it is gone."""

    @property
    def told(self) -> str:
        """What happened, for people."""
        kind, _, name = self.thing.partition(" ")
        if self.after is None:
            return f"{self.thing} is gone"
        if self.before is None:
            return f"{self.thing} came"
        if kind == "trigger":
            before, after = _word(self.before, "enabled"), _word(self.after, "enabled")
            if before != after:
                return f"{self.thing} is {_ENABLED.get(after, after)}, it was {_ENABLED.get(before, before)}"
            return f"{self.thing} was altered or switched off and on again"
        if kind == "function":
            if _word(self.before, "source") != _word(self.after, "source"):
                return f"function {name} was replaced by another one"
            if _without_xmin(self.before) == _without_xmin(self.after):
                return f"function {name} was replaced and put back, or granted anew"
        if kind == "table" and _OF.search(self.before) and not _OF.search(self.after):
            return f"partition {name} was detached"
        return f"{self.thing} changed"


_ENABLED = {"A": "enabled always", "O": "an ordinary trigger", "D": "DISABLED", "R": "for replicas only"}


def write(things: Iterable[tuple[str, str]]) -> str:
    """The text that is hashed: a line for each thing, its state behind a tab."""
    return "".join(f"{_line(thing)}\t{_line(state)}\n" for thing, state in things)


def read(text: str) -> dict[str, str]:
    """The inverse of `write`."""
    return dict(line.split("\t", 1) for line in text.splitlines() if "\t" in line)


def digest(text: str) -> bytes:
    """What a head holds."""
    return sha256(text.encode()).digest()


def compare(before: Things, after: Things) -> list[Change]:
    """Everything that differs, in the order of things' names."""
    return [
        Change(thing, before.get(thing), after.get(thing))
        for thing in sorted({*before, *after})
        if before.get(thing) != after.get(thing)
    ]


def migrations_in(things: Things) -> dict[int, tuple[str, str]]:
    """The migrations that a catalogue lists: name and checksum by version."""
    found = {}
    for thing, state in things.items():
        kind, _, version = thing.partition(" ")
        if kind == "migration" and version.isdecimal():
            name, _, checksum = state.partition(" ")
            found[int(version)] = (name, checksum)
    return found


def legitimate_migrations(
    before: Things, after: Things, known: Mapping[int, tuple[str, str]]
) -> list[int] | None:
    """The migrations that came between two states, if all of them are ones that this release brings.

    None when one is unknown, altered, or gone: then they explain nothing.
    """
    old, new = migrations_in(before), migrations_in(after)
    if any(new.get(version) != entry for version, entry in old.items()):
        return None
    came = sorted(set(new) - set(old))
    return came if all(known.get(version) == new[version] for version in came) else None


def new_partition(change: Change, before: Things, after: Things) -> bool:
    """Whether something came with a new month: an attached partition of ours as retention's job makes it, or
    the one trigger that keeps it from being rewritten. Any other trigger on a partition, old or new, is
    somebody's: it could swallow the rows that are meant to lie there.
    """
    if change.before is not None or change.after is None:
        return False
    kind, _, name = change.thing.partition(" ")
    table, _, trigger = name.partition(".")
    found = _PARTITION.fullmatch(table)
    if found is None or f"table {table}" in before:
        return False
    state = after.get(f"table {table}", "")
    attached = _OF.search(state)
    parent = after.get(f"table {found['parent']}", "")
    if attached is None or attached["parent"] != found["parent"]:
        return False
    if kind == "table":
        plain = f"kind r p owner {_word(parent, 'owner')} security f f of "
        return state.startswith(plain) and " grants columns " in state
    return (
        kind == "trigger"
        and trigger == "append_only"
        and _word(change.after, "enabled") == "A"
        and _word(change.after, "does") == "refuse_rewrite"
    )


def partition_of(change: Change) -> str | None:
    """The partition that a change takes away, by detaching or dropping it; None for anything else."""
    kind, _, name = change.thing.partition(" ")
    if kind != "table" or change.before is None or not _OF.search(change.before):
        return None
    return name if change.after is None or not _OF.search(change.after) else None


def is_partition(things: Things, name: str) -> bool:
    """Whether a table of that name is a partition of another now."""
    return _OF.search(things.get(f"table {name}", "")) is not None


def goes_with_partition(change: Change, gone: Iterable[str]) -> bool:
    """Whether a change is of the triggers of a partition that left."""
    kind, _, name = change.thing.partition(" ")
    return kind == "trigger" and name.split(".", 1)[0] in set(gone)


def unguarded(things: Things) -> list[str]:
    """Tables and partitions that should only grow and that nothing keeps from being rewritten."""
    tables = {thing.partition(" ")[2]: state for thing, state in things.items() if thing.startswith("table ")}
    guards = {
        thing.partition(" ")[2].rpartition(".")[0]
        for thing, state in things.items()
        if thing.startswith("trigger ")
        and _word(state, "enabled") == "A"
        and _word(state, "does").removeprefix("public.") == "refuse_rewrite"
    }
    wanted = []
    for name, state in tables.items():
        of = _OF.search(state)
        if name in GUARDED or (of is not None and of["parent"] in GUARDED):
            wanted.append(name)
    return sorted(name for name in wanted if name not in guards)


def _word(state: str, name: str) -> str:
    words = state.split(" ")
    return words[words.index(name) + 1] if name in words[:-1] else ""


def _without_xmin(state: str) -> str:
    return state.rpartition(" xmin ")[0]


def _line(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
