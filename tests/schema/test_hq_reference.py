"""Head office's database publishes every change of master data, and holds what must hold by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from api_fixtures import Chain, created

#: Tables that are nobody's business but head office's; every other table must publish.
PRIVATE = {
    "api_token", "configuration_key", "enrolment", "organisation", "permission", "reference",
    "reference_history", "role",
    "schema_migration", "shard", "user_account", "user_role",
}  # fmt: skip


@pytest.fixture
async def database(hq_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(hq_dsn)
    yield connection
    await connection.close()


async def published(database: asyncpg.Connection, kind: str) -> dict[str, Any]:
    rows = await database.fetch(
        "SELECT key, payload, region_id, branch_id FROM reference WHERE kind = $1 ORDER BY xid, id", kind
    )
    return {row["key"]: row["payload"] and json.loads(row["payload"]) for row in rows}


async def newest(database: asyncpg.Connection) -> tuple[Any, ...]:
    return tuple(await database.fetchrow("SELECT max(xid::text::bigint), max(id) FROM reference"))


async def test_every_master_table_publishes_insert_update_delete_and_refuses_truncate(
    database: asyncpg.Connection,
) -> None:
    tables = {
        row["relname"]
        for row in await database.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        if not row["relname"].startswith(("audit_", "seal_"))
    } - PRIVATE
    assert len(tables) >= 10
    for table in tables:
        triggers = await database.fetch(
            "SELECT tgname, tgtype FROM pg_trigger WHERE tgrelid = $1::text::regclass AND NOT tgisinternal",
            table,
        )
        names = {row["tgname"] for row in triggers}
        for event in ("insert", "update", "delete"):
            assert any(name.startswith("publish_") and name.endswith(f"_{event}") for name in names), table
        assert "refuse_truncate" in names, table
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="published"):
        await database.execute("TRUNCATE product CASCADE")


async def test_a_transaction_that_publishes_leaves_one_mark_and_one_that_changes_nothing_none(
    database: asyncpg.Connection,
) -> None:
    marks = "SELECT count(*), count(DISTINCT mark) FROM reference_history"
    before = (await database.fetchrow(marks))[0]
    async with database.transaction():
        for code in ("KW", "SA"):
            await database.execute(
                "INSERT INTO region (code, jurisdiction, currency, time_zone, name_en)"
                " VALUES ($1, 'KW', 'KWD', 'Asia/Kuwait', 'Gulf')",
                code,
            )
    assert tuple(await database.fetchrow(marks)) == (before + 1, before + 1)
    await database.execute("UPDATE region SET name_en = 'Gulf'")
    assert (await database.fetchrow(marks))[0] == before + 1
    assert (
        await database.fetchval("SELECT max(xid) = (SELECT max(xid) FROM reference) FROM reference_history")
        is True
    )


async def test_the_application_may_not_write_the_feed_itself(hq_app_database: asyncpg.Pool) -> None:
    for statement in (
        "INSERT INTO reference (kind, key) VALUES ('product', 'x')",
        "UPDATE reference SET payload = NULL",
        "DELETE FROM reference",
        "DELETE FROM reference_history",
        "DELETE FROM product",
        "UPDATE branch SET shard_id = 'sa-1'",
        "DELETE FROM schema_migration",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await hq_app_database.execute(statement)


async def test_a_product_is_published_with_its_barcodes_and_again_when_they_change(
    api: httpx.AsyncClient, database: asyncpg.Connection
) -> None:
    product = await created(api, "/products", sku="A", name_en="Milk", barcodes=["4006381333931"])
    assert (await published(database, "product"))[product["product_id"]] == {
        "product_id": product["product_id"], "sku": "A", "name_en": "Milk", "name_ar": "",
        "unit": "piece", "category_id": None, "tax_class": "standard",
        "barcodes": ["4006381333931"], "active": True,
    }  # fmt: skip
    await api.post(f"/products/{product['product_id']}/barcodes", json={"barcode": "MILK"})
    assert (await published(database, "product"))[product["product_id"]]["barcodes"] == [
        "4006381333931", "MILK",
    ]  # fmt: skip
    await api.delete(f"/products/{product['product_id']}/barcodes/MILK")
    assert (await published(database, "product"))[product["product_id"]]["barcodes"] == ["4006381333931"]


async def test_what_did_not_change_is_not_published_again(
    api: httpx.AsyncClient, database: asyncpg.Connection
) -> None:
    rows = [{"sku": str(number), "name_en": "Bread", "barcodes": [f"B{number}"]} for number in range(20)]
    first = (await api.post("/products:batch", json={"rows": rows})).json()
    before = await newest(database)
    second = (await api.post("/products:batch", json={"rows": rows})).json()
    assert (first["applied"], first["created"]) == (20, 20)
    assert (second["applied"], second["created"]) == (20, 0)
    assert await newest(database) == before


async def test_a_deleted_row_stays_as_a_tombstone_in_the_scope_it_had(
    api: httpx.AsyncClient, database: asyncpg.Connection, chain: Chain
) -> None:
    product = await created(api, "/products", sku="A", name_en="Milk")
    prices = await created(
        api, "/price-lists", code="SAL", name="Salmiya", region_id=chain.region_id,
        branch_id=chain.branch_id, currency="KWD", tax_inclusive=False,
    )  # fmt: skip
    path = f"/price-lists/{prices['price_list_id']}/prices"
    row = {"sku": "A", "amount": 250, "valid_from": "2026-01-01"}
    assert (await api.post(f"{path}:batch", json={"rows": [row]})).json()["applied"] == 1
    key = f"{prices['price_list_id']}:{product['product_id']}:2026-01-01"
    assert (await published(database, "price"))[key] == {
        "price_list_id": prices["price_list_id"], "product_id": product["product_id"],
        "amount": 250, "currency": "KWD", "valid_from": "2026-01-01", "valid_until": None,
    }  # fmt: skip
    assert (await api.delete(f"{path}/{product['product_id']}/2026-01-01")).status_code == 204
    tombstone = await database.fetchrow(
        "SELECT region_id, branch_id, payload FROM reference WHERE kind = 'price' AND key = $1", key
    )
    assert tuple(tombstone) == (chain.region_id, chain.branch_id, None)


async def test_a_changed_region_publishes_its_branches_too(
    database: asyncpg.Connection, chain: Chain
) -> None:
    await database.execute(
        "UPDATE region SET time_zone = 'Asia/Riyadh' WHERE region_id = $1", chain.region_id
    )
    branch = (await published(database, "branch"))[str(chain.branch_id)]
    assert branch["time_zone"] == "Asia/Riyadh"
    assert branch["name_ar"] == "السالمية"
    assert branch["shard_id"] == "kw-1"


async def test_two_parts_of_one_payload_changed_at_once_are_both_published(
    hq_dsn: str, api: httpx.AsyncClient, database: asyncpg.Connection
) -> None:
    product = await created(api, "/products", sku="A", name_en="Milk")
    first, second = await asyncpg.connect(hq_dsn), await asyncpg.connect(hq_dsn)
    insert = "INSERT INTO barcode (barcode, product_id, kind) VALUES ($1, $2, 'internal')"
    try:
        renaming = first.transaction()
        await renaming.start()
        await first.execute("UPDATE product SET name_en = 'Fresh Milk' WHERE sku = 'A'")
        adding = asyncio.ensure_future(second.execute(insert, "MILK", product["product_id"]))
        # The second waits for the first, which is seen in PostgreSQL itself.
        async with asyncio.timeout(60):
            while not await database.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = $1",
                second.get_server_pid(),
            ):
                assert not adding.done()
        await renaming.commit()
        await adding
    finally:
        await first.close()
        await second.close()
    payload = (await published(database, "product"))[product["product_id"]]
    assert (payload["name_en"], payload["barcodes"]) == ("Fresh Milk", ["MILK"])


async def test_the_owner_cannot_place_a_branch_abroad_either(
    database: asyncpg.Connection, chain: Chain
) -> None:
    for jurisdiction in ("KW", "SA"):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await database.execute(
                "INSERT INTO branch (organisation_id, region_id, shard_id, jurisdiction, code, name_en) "
                "VALUES ($1, $2, 'sa-1', $3, 'ABROAD', 'Abroad')",
                chain.organisation_id, chain.region_id, jurisdiction,
            )  # fmt: skip
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="cannot change"):
        await database.execute("UPDATE branch SET shard_id = 'sa-1', jurisdiction = 'SA'")


async def test_prices_of_one_product_never_overlap(
    database: asyncpg.Connection, api: httpx.AsyncClient, chain: Chain
) -> None:
    product = await created(api, "/products", sku="A", name_en="Milk")
    prices = await created(
        api, "/price-lists", code="KW", name="Kuwait", region_id=chain.region_id, currency="KWD",
        tax_inclusive=False,
    )  # fmt: skip
    insert = (
        "INSERT INTO price (price_list_id, product_id, valid_from, valid_until, amount, currency) "
        "SELECT $1, $2, a::date, b::date, 100, 'KWD' FROM unnest($3::text[], $4::text[]) AS t (a, b)"
    )
    await database.execute(
        insert, prices["price_list_id"], product["product_id"],
        ["2026-01-01", "2026-02-01"], ["2026-01-31", None],
    )  # fmt: skip
    for first, last in (("2026-01-31", "2026-01-31"), ("2025-12-01", None), ("2030-01-01", "2030-01-02")):
        with pytest.raises(asyncpg.ExclusionViolationError):
            await database.execute(insert, prices["price_list_id"], product["product_id"], [first], [last])
