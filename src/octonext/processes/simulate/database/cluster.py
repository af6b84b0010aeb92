"""What head office and the shards have in common: a cluster that dies and comes back from copies."""

from __future__ import annotations

from .connection import Database
from .engine import Copy, Engine
from .rows import ReferenceRow
from .schema import ReferenceTables


class Cluster:
    """A simulated PostgreSQL cluster. Whoever extends it makes the tables, the engine and the connections."""

    tables: ReferenceTables
    engine: Engine
    database: Database

    def crash(self) -> None:
        """Kill -9 or a power cut."""
        self.engine.crash()

    def start(self) -> None:
        """Start again after a crash."""
        self.engine.start()

    def freeze(self) -> None:
        """SIGSTOP."""
        self.engine.freeze()

    def thaw(self) -> None:
        """SIGCONT."""
        self.engine.thaw()

    def copy(self) -> Copy:
        """A backup of what is on disk now."""
        return self.engine.copy()

    def restore(self, copy: Copy) -> None:
        """Put a backup in this cluster's place; it must be stopped (`crash`), and is started with `start`."""
        self.engine.restore(copy)

    def reference(self) -> list[ReferenceRow]:
        """The master data that is here, in the order of the feed."""
        return sorted(self.tables.reference.rows.values(), key=lambda row: (row.xid, row.id))
