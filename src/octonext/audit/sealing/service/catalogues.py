"""Watching the audit catalogue from head to head: what changed it, and whether that was legitimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..domain import catalogue
from ..domain.archived import Archived
from ..domain.catalogue import Change, Things
from ..domain.findings import Findings, Kind

_KINDS: dict[str, Kind] = {"trigger": "trigger", "function": "function", "functions": "function"}


@dataclass
class CatalogueWatch:
    """The catalogue of one database along its heads. `known` are the migrations that this release brings."""

    findings: Findings
    known: Mapping[int, tuple[str, str]]
    archives: Sequence[Archived]
    _digest: bytes | None = None
    _things: Things | None = None
    _number: str = ""
    _texts: dict[bytes, str] = field(default_factory=dict)

    def head(self, number: str, digest: bytes, texts: Sequence[str | None]) -> None:
        """Take the next head's catalogue; `texts` are the places where its text may be."""
        for text in texts:
            if text is not None and len(self._texts) < 64:
                self._texts[catalogue.digest(text)] = text
        if digest == self._digest:
            self._number = number
            return
        text = self._texts.get(digest)
        if text is None:
            self.findings.add(
                "catalogue",
                "seal_catalogue",
                digest.hex()[:16],
                f"the catalogue that head {number} speaks of is gone or altered",
            )
            things: Things | None = None
        else:
            things = catalogue.read(text)
            if self._things is not None:
                self._judge(self._things, things, f"between heads {self._number} and {number}")
        self._digest, self._things, self._number = digest, things, number

    def now(self, text: str) -> None:
        """Compare the database as it stands with the newest head, and with what must always be."""
        things = catalogue.read(text)
        if self._things is not None:
            self._judge(self._things, things, f"since head {self._number}")
        for name in catalogue.unguarded(things):
            self.findings.add("trigger", name, "append_only", f"nothing keeps {name} from being rewritten")
        for thing, state in things.items():
            if thing.startswith("setting of") and "session_replication_role" in state:
                self.findings.add(
                    "replica", "catalogue", thing, f"a stored setting puts triggers to sleep: {state}"
                )

    def _judge(self, before: Things, after: Things, when: str) -> None:
        changes = catalogue.compare(before, after)
        migrations = catalogue.legitimate_migrations(before, after, self.known)
        if migrations:
            listed = ", ".join(str(version) for version in migrations)
            self.findings.notice(
                f"migration {listed} {when}: {len(changes)} things of the catalogue changed with it"
            )
            return
        gone = [name for change in changes if (name := catalogue.partition_of(change)) is not None]
        for change in changes:
            if catalogue.new_partition(change, before, after) or catalogue.goes_with_partition(change, gone):
                continue
            self._tell(change, when)

    def _tell(self, change: Change, when: str) -> None:
        partition = catalogue.partition_of(change)
        if partition is None:
            kind, _, name = change.thing.partition(" ")
            self.findings.add(_KINDS.get(kind, "catalogue"), "catalogue", name, f"{change.told}, {when}")
            return
        archived = next((each for each in self.archives if each.partition == partition), None)
        if archived is not None:
            self.findings.notice(
                f"{partition}: {archived.row_count} rows are archived in {archived.file_name}"
            )
            return
        verb = "dropped" if change.after is None else "detached"
        self.findings.add("partition", partition, partition, f"partition {partition} was {verb}, {when}")
