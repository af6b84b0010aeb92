"""Making proofs from what a database holds. The whole tree is read: a proof is asked for rarely."""

from __future__ import annotations

from octonext.base.errors import OctoNextError
from octonext.runtime.postgres import Connection, transaction

from .. import store
from ..domain.head import SignedHead
from ..domain.merkle import consistency_proof, inclusion_proof
from ..domain.proofs import Consistency, Inclusion, ProvenHead
from ..domain.rows import TABLES, SealedTable


class NotSealed(OctoNextError):
    """There is no leaf or head of that name."""

    code = "not_sealed"


async def prove_row(connection: Connection, row: str, public: bytes) -> Inclusion:
    """Prove that a row, named `table/key`, is under the newest head. Raises NotSealed."""
    table, key = _named(row)
    async with transaction(connection, readonly=True, isolation="repeatable_read") as snapshot:
        newest = await store.newest_head(snapshot)
        if newest is None:
            raise NotSealed("This database has no head yet.", remedy="Is the sealer running?")
        hashes: list[bytes] = []
        index = None
        async for leaf in store.all_leaves(snapshot):
            if leaf.table is table and leaf.key == key:
                index = leaf.index
            hashes.append(leaf.hash)
        if index is None:
            raise NotSealed(
                f"{row} is under no head.",
                remedy="Rows are sealed within seconds; is the key as the tables show it?",
            )
        found = await _row(snapshot, table, key, newest[0])
        if found is None:
            raise NotSealed(f"{row} was sealed and is there no more.", remedy="Run `octonext audit verify`.")
    return Inclusion(
        table=table.name,
        row=table.key_text(key),
        record=found.record.hex(),
        json=list(found.json_texts),
        index=index,
        path=[step.hex() for step in inclusion_proof(hashes, index)],
        signed=ProvenHead.of(newest[0]),
        public_key=public.hex(),
    )


async def prove_consistency(connection: Connection, old: int, new: int, public: bytes) -> Consistency:
    """Prove that head `new` continues head `old`. Raises NotSealed."""
    async with transaction(connection, readonly=True, isolation="repeatable_read") as snapshot:
        first, second = await _head(snapshot, old), await _head(snapshot, new)
        hashes = [leaf.hash async for leaf in store.all_leaves(snapshot)][: second.head.size]
    if first.head.size > second.head.size:
        raise NotSealed(f"Head {old} is larger than head {new}.", remedy="Name the older head first.")
    return Consistency(
        old=ProvenHead.of(first),
        new=ProvenHead.of(second),
        path=[step.hex() for step in consistency_proof(hashes, first.head.size)],
        public_key=public.hex(),
    )


def _named(row: str) -> tuple[SealedTable, tuple[int, ...]]:
    name, _, key = row.partition("/")
    table = TABLES.get(name)
    if table is None:
        raise NotSealed(
            f"{name!r} is no sealed table.",
            remedy=f"Name a row as TABLE/KEY; tables are {', '.join(TABLES)}.",
        )
    try:
        return table, table.parse_key(key)
    except ValueError as error:
        raise NotSealed(
            f"{key!r} names no row: {error}.", remedy=f"For instance {name}/{table.key_example}."
        ) from None


async def _row(
    snapshot: Connection, table: SealedTable, key: tuple[int, ...], newest: SignedHead
) -> store.Row | None:
    async for row in store.rows(snapshot, table, 0, newest.head.watermark):
        if table.name_of(row.record)[0] == key:
            return row
    return None


async def _head(snapshot: Connection, number: int) -> SignedHead:
    found = await store.heads_after(snapshot, number - 1, 1)
    if not found or found[0].number != number:
        raise NotSealed(f"There is no head {number}.", remedy="`octonext status` shows the newest one.")
    return SignedHead.read(found[0].encoded, found[0].signature)
