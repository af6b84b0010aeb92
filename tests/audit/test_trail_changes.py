"""What a change of an audited table leaves behind, and that nothing an author claims can stop it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from octonext.runtime.actor import Actor, acting_as, claim_of, current_actor
from octonext.runtime.postgres import connect, transaction

from .trail import Trail

PRODUCT = "01900000-0000-7000-8000-00000000000a"
ADDED = f"INSERT INTO product (product_id, sku, name_en) VALUES ('{PRODUCT}', 'A', 'Milk')"  # noqa: S608
USER = Actor(
    kind="user", id="01900000-0000-7000-8000-000000000001", name="admin", ip="203.0.113.7",
    user_agent="Firefox", request_id="abcd1234",
)  # fmt: skip
MALFORMED = (
    "no json", "[]", "7", '"user"', "{}", '{"kind": "god", "id": "1"}', '{"kind": "user"}',
    '{"kind": "user", "id": "1", "ip": "here"}',
    '{"kind": "device", "id": "1", "device_id": 99999999999}',
    '{"kind": "device", "id": "1", "device_id": "x"}', '{"kind": "user", "id": "\\u0000"}',
    '{"kind": "user", "id": "1", "name": ' + "[" * 8000, "x" * 100_000,
)  # fmt: skip


@pytest.fixture
async def hq(hq_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(hq_dsn, application_name="octonext-test")
    yield connection
    await connection.close()


@pytest.fixture
async def trail(hq: asyncpg.Connection) -> Trail:
    trail = Trail(hq)
    await trail.forget()
    return trail


async def test_an_insert_keeps_the_whole_row_an_update_the_changed_columns_a_delete_the_whole_row(
    hq: asyncpg.Connection, trail: Trail
) -> None:
    await hq.execute(ADDED)
    inserted = await trail.one("product")
    assert (inserted.operation, inserted.key, inserted.before) == ("insert", {"product_id": PRODUCT}, None)
    assert {
        "sku": "A",
        "name_en": "Milk",
        "category_id": None,
        "active": True,
    }.items() <= inserted.after.items()
    assert set(inserted.after) == {
        row["attname"]
        for row in await hq.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'product'::regclass AND attnum > 0"
        )
    }
    await hq.execute("UPDATE product SET name_en = 'Fresh \"Milk\"', unit = 'piece', name_ar = 'حليب'")
    updated = await trail.one("product")
    assert (updated.operation, updated.key) == ("update", {"product_id": PRODUCT})
    assert updated.before == {"name_en": "Milk", "name_ar": ""}
    assert updated.after == {"name_en": 'Fresh "Milk"', "name_ar": "حليب"}
    await hq.execute("DELETE FROM product")
    deleted = await trail.one("product")
    assert (deleted.operation, deleted.after) == ("delete", None)
    assert deleted.before == inserted.after | updated.after


async def test_a_value_that_becomes_null_or_was_null_is_told_from_one_that_did_not_change(
    hq: asyncpg.Connection, trail: Trail
) -> None:
    await hq.execute(
        "INSERT INTO category (category_id, code, name_en) VALUES (gen_random_uuid(), 'C', 'Dairy')"
    )
    await hq.execute(ADDED)
    await trail.forget()
    await hq.execute("UPDATE product SET category_id = c.category_id FROM category c")
    change = await trail.one("product")
    assert change.before == {"category_id": None}
    assert len(change.after["category_id"]) == 36


async def test_an_update_that_changes_nothing_leaves_nothing(hq: asyncpg.Connection, trail: Trail) -> None:
    await hq.execute(ADDED)
    await trail.forget()
    await hq.execute("UPDATE product SET name_en = name_en")
    await hq.execute("DELETE FROM product WHERE sku = 'none'")
    assert await trail.new() == []
    assert await hq.fetchval("SELECT count(*) FROM audit_transaction") == await hq.fetchval(
        "SELECT count(DISTINCT xid) FROM audit_change"
    )


async def test_a_moved_key_is_a_delete_and_an_insert(hq: asyncpg.Connection, trail: Trail) -> None:
    await hq.execute(ADDED)
    await hq.execute("INSERT INTO barcode VALUES ('OLD', $1, 'internal')", PRODUCT)
    await trail.forget()
    await hq.execute("UPDATE barcode SET barcode = 'NEW'")
    changes = await trail.new("barcode")
    assert sorted((change.operation, change.key["barcode"]) for change in changes) == [
        ("delete", "OLD"),
        ("insert", "NEW"),
    ]
    assert {change.operation: (change.before, change.after) for change in changes} == {
        "delete": ({"barcode": "OLD", "product_id": PRODUCT, "kind": "internal"}, None),
        "insert": (None, {"barcode": "NEW", "product_id": PRODUCT, "kind": "internal"}),
    }


async def test_rows_that_go_with_another_are_recorded_too(hq: asyncpg.Connection, trail: Trail) -> None:
    await hq.execute(ADDED)
    await hq.execute("INSERT INTO barcode VALUES ('MILK', $1, 'internal')", PRODUCT)
    await trail.forget()
    await hq.execute("DELETE FROM product")
    assert {(change.table, change.operation) for change in await trail.new()} == {
        ("product", "delete"), ("barcode", "delete"),
    }  # fmt: skip


async def test_a_change_is_spelled_the_same_whatever_the_session_is_set_to(
    hq: asyncpg.Connection, trail: Trail
) -> None:
    await hq.execute(ADDED)
    at = (await trail.one("product")).after["created_at"]
    assert at.endswith("+00:00")
    await hq.execute("SET timezone = 'Asia/Kuwait'; SET datestyle = 'German'; SET bytea_output = 'escape'")
    await hq.execute("DELETE FROM product")
    assert (await trail.one("product")).before["created_at"] == at


async def test_what_is_rolled_back_leaves_nothing(hq: asyncpg.Connection, trail: Trail) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        await hq.execute(f"{ADDED}; {ADDED}")
    assert await trail.new() == []


async def test_many_rows_of_one_statement_are_told_apart(hq: asyncpg.Connection, trail: Trail) -> None:
    await hq.execute(
        "INSERT INTO product (product_id, sku, name_en)"
        " SELECT gen_random_uuid(), g::text, 'Milk' FROM generate_series(1, 5000) g"
    )
    await trail.forget()
    await hq.execute("UPDATE product SET name_en = 'Milk ' || sku WHERE sku::int % 2 = 0")
    changes = await trail.new("product")
    assert len(changes) == 2500
    assert len({change.after["name_en"] for change in changes}) == 2500
    assert len({change.who["xid"] for change in changes}) == 1


async def test_the_transaction_names_who_acted_and_what_the_connection_proves(
    hq: asyncpg.Connection, trail: Trail
) -> None:
    with acting_as(USER):
        async with transaction(hq) as connection:
            await connection.execute(ADDED)
            await connection.execute("UPDATE product SET name_en = 'Fresh Milk'")
    assert current_actor() is None
    changes = await trail.new("product")
    who = changes[0].who
    assert [change.who["xid"] for change in changes] == [who["xid"]] * 2
    assert (who["actor_kind"], who["actor_id"], who["actor_name"]) == ("user", USER.id, "admin")
    assert (str(who["actor_ip"]), who["user_agent"], who["request_id"]) == (
        "203.0.113.7",
        "Firefox",
        "abcd1234",
    )
    assert (who["device_id"], who["claim"], who["client_addr"]) == (None, None, None)
    assert who["login_role"] == who["session_role"] == "octonext"
    assert (who["set_role"], who["application_name"], who["replication_role"]) == (
        "none", "octonext-test", "origin",
    )  # fmt: skip
    assert who["backend_pid"] == hq.get_server_pid()


async def test_the_actor_of_one_transaction_is_not_the_next_ones(
    hq: asyncpg.Connection, trail: Trail
) -> None:
    with acting_as(USER):
        async with transaction(hq) as connection:
            await connection.execute(ADDED)
    async with transaction(hq) as connection:
        await connection.execute("DELETE FROM product")
    assert [change.who["actor_kind"] for change in await trail.new("product")] == ["user", "none"]


async def test_a_change_by_psql_without_an_actor_is_recorded_as_such(
    hq: asyncpg.Connection, trail: Trail
) -> None:
    await hq.execute("SET application_name = 'psql'")
    await hq.execute(ADDED)
    who = (await trail.one("product")).who
    assert (who["actor_kind"], who["actor_id"], who["application_name"]) == ("none", None, "psql")
    assert who["login_role"] == "octonext"


async def test_a_malformed_actor_never_fails_the_change_and_is_recorded_as_such(
    hq: asyncpg.Connection, trail: Trail
) -> None:
    await hq.execute(ADDED)
    await trail.forget()
    for claim in MALFORMED:
        async with hq.transaction():
            await hq.execute("SELECT set_config('octonext.actor', $1, true)", claim)
            await hq.execute("UPDATE product SET active = NOT active")
        who = (await trail.one("product")).who
        assert (who["actor_kind"], who["claim"], who["actor_id"]) == ("malformed", claim[:400], None)


async def test_a_claim_is_cut_to_what_the_trail_keeps(hq: asyncpg.Connection, trail: Trail) -> None:
    with acting_as(Actor(kind="user", id="i" * 1000, name="n\0" * 1000, user_agent="u" * 1000)):
        async with transaction(hq) as connection:
            await connection.execute(ADDED)
    who = (await trail.one("product")).who
    assert (who["actor_kind"], len(who["actor_id"]), len(who["user_agent"])) == ("user", 200, 400)
    assert who["actor_name"] == "n" * 200


def test_what_is_claimed_leaves_out_what_is_not_known() -> None:
    assert claim_of(None) == ""
    assert claim_of(Actor(kind="process", id="relay")) == '{"kind":"process","id":"relay","name":""}'


async def test_a_forged_setting_does_not_hide_who_logged_in(
    hq_app_database: asyncpg.Pool, hq: asyncpg.Connection, trail: Trail
) -> None:
    async with hq_app_database.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('octonext.actor', $1, true)", claim_of(USER))
        await connection.execute("SET LOCAL application_name = 'somebody else'")
        await connection.execute(ADDED)
    who = (await trail.one("product")).who
    assert (who["actor_kind"], who["login_role"], who["session_role"]) == (
        "user",
        "octonext_app",
        "octonext_app",
    )


async def test_a_superuser_who_takes_another_role_is_still_known_by_his_login(
    hq: asyncpg.Connection, trail: Trail
) -> None:
    await hq.execute("SET SESSION AUTHORIZATION octonext_app")
    await hq.execute(ADDED)
    await hq.execute("RESET SESSION AUTHORIZATION")
    who = (await trail.one("product")).who
    assert (who["login_role"], who["session_role"]) == ("octonext", "octonext_app")
    await hq.execute("SET ROLE octonext_app")
    await hq.execute("UPDATE product SET name_en = 'Fresh Milk'")
    await hq.execute("RESET ROLE")
    who = (await trail.one("product")).who
    assert (who["login_role"], who["session_role"], who["set_role"]) == (
        "octonext",
        "octonext",
        "octonext_app",
    )


async def test_the_replica_role_puts_no_trigger_of_the_trail_to_sleep_and_is_noted(
    hq: asyncpg.Connection, trail: Trail
) -> None:
    async with hq.transaction():
        await hq.execute("SET LOCAL session_replication_role = replica")
        await hq.execute(ADDED)
        await hq.execute("UPDATE product SET name_en = 'Fresh Milk'")
        await hq.execute("DELETE FROM product")
    changes = await trail.new()
    assert [change.operation for change in changes] == ["insert", "update", "delete"]
    assert {change.who["replication_role"] for change in changes} == {"replica"}


async def test_the_search_path_of_a_session_leads_no_trigger_astray(
    hq: asyncpg.Connection, trail: Trail
) -> None:
    await hq.execute("CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.audit_change (LIKE audit_change)")
    await hq.execute(
        "CREATE FUNCTION elsewhere.now() RETURNS timestamptz LANGUAGE sql"
        " AS $$ SELECT '2001-01-01'::timestamptz $$"
    )
    await hq.execute("CREATE TEMP TABLE audit_transaction (LIKE public.audit_transaction)")
    await hq.execute("SET search_path = elsewhere, pg_temp, public, pg_catalog")
    await hq.execute(ADDED)
    await hq.execute("SET search_path = public; DROP TABLE pg_temp.audit_transaction")
    change = await trail.one("product")
    assert change.who["at"].year > 2001
    assert await hq.fetchval("SELECT count(*) FROM elsewhere.audit_change") == 0


async def test_copy_is_recorded_like_any_insert(hq: asyncpg.Connection, trail: Trail) -> None:
    await hq.copy_records_to_table(
        "product", records=[(PRODUCT, "A", "Milk")], columns=["product_id", "sku", "name_en"]
    )
    assert (await trail.one("product")).after["sku"] == "A"


async def test_a_column_that_a_later_migration_adds_is_recorded_without_more_ado(
    hq: asyncpg.Connection, trail: Trail
) -> None:
    await hq.execute("ALTER TABLE product ADD COLUMN shelf_life int")
    await hq.execute(ADDED)
    await hq.execute("UPDATE product SET shelf_life = 7")
    inserted, updated = await trail.new("product")
    assert inserted.after["shelf_life"] is None
    assert (updated.before, updated.after) == ({"shelf_life": None}, {"shelf_life": 7})


async def test_a_published_row_is_recorded_once_at_its_own_table(
    hq: asyncpg.Connection, trail: Trail
) -> None:
    await hq.execute(ADDED)
    assert await hq.fetchval("SELECT count(*) FROM reference WHERE kind = 'product'") == 1
    assert [change.table for change in await trail.new()] == ["product"]


async def test_a_row_slipped_into_the_feed_by_hand_is_recorded_without_the_pin(
    hq: asyncpg.Connection, trail: Trail
) -> None:
    payload = '{"code": "7", "pin_hash": "$argon2id$a"}'
    await hq.execute("INSERT INTO reference (kind, key, payload) VALUES ('cashier', 'x', $1)", payload)
    await hq.execute("UPDATE reference SET payload = $1 WHERE key = 'x'", payload.replace("$a", "$b"))
    await hq.execute("UPDATE reference SET payload = NULL WHERE key = 'x'")
    inserted, updated, deleted = await trail.new("reference")
    assert inserted.after["payload"] == {"code": "7", "pin_hash": "secret"}
    assert updated.before == updated.after == {"payload": {"code": "7", "pin_hash": "secret"}}
    assert deleted.after == {"payload": None}
