"""PIN and password hashes, and bearer tokens."""

from octonext.crypto import secrets
from octonext.crypto.envelope import Argon2Cost

CHEAP = Argon2Cost(time=1, memory_kib=8, lanes=1)


def test_a_secret_verifies_against_its_own_hash_at_any_cost() -> None:
    hashed = secrets.hash_secret("4711", CHEAP)
    assert hashed.startswith("$argon2id$")
    assert secrets.verify_secret("4711", hashed)
    assert not secrets.verify_secret("4712", hashed)


def test_the_default_cost_is_the_recommended_one() -> None:
    assert "m=65536,t=3,p=4" in secrets.hash_secret("4711")


def test_a_damaged_hash_matches_nothing() -> None:
    for damaged in ("", "plain", "$argon2id$v=19$m=8,t=1,p=1$broken"):
        assert not secrets.verify_secret("4711", damaged)


def test_tokens_are_new_each_time_and_stored_as_digests() -> None:
    one, other = secrets.new_token(), secrets.new_token()
    assert one != other
    assert one.startswith("on_")
    assert len(one) == 46
    assert len(secrets.token_digest(one)) == 32
    assert secrets.token_digest(one) not in one.encode()


def test_equal_secrets_compare_equal_in_either_form() -> None:
    assert secrets.same_secret("token", b"token")
    assert not secrets.same_secret("token", "tokem")


def test_a_pin_costs_what_a_browser_can_pay_and_one_hashed_dearer_before_still_fits() -> None:
    assert "$m=19456,t=2,p=1$" in secrets.hash_secret("4711", secrets.PIN_COST)
    for cost in (secrets.PIN_COST, None, CHEAP):
        hashed = secrets.hash_secret("4711", cost)
        assert secrets.verify_secret("4711", hashed)
        assert not secrets.verify_secret("4712", hashed)
