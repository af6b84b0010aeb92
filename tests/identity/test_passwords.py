"""Passwords that somebody would guess are refused, and passphrases are taken."""

from __future__ import annotations

import pytest

from octonext.identity.passwords import PasswordRefused, check_password


@pytest.mark.parametrize(
    "password",
    [
        "orbit-lantern-seventeen", "xK7qpLw2vRtz", "صندوق أزرق وثلاث نخلات", "twelve-olive-boats",
        "layla keeps 3 goats",
    ],
)  # fmt: skip
def test_a_passphrase_and_a_random_password_are_taken(password: str) -> None:
    check_password(password, "layla.haddad")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short-one-x", "at least 12"),
        ("password1234", "everybody"),
        ("P@ssw0rd2026!", "everybody"),
        ("Welcome-Kuwait-1", "everybody"),
        ("qwertyuiop12", "everybody"),
        ("1q2w3e4r5t6y", "everybody"),
        ("123456789012", "everybody"),
        ("abcdefghijkl", "everybody"),
        ("letmeinletmein", "everybody"),
        ("كلمة المرور 123", "everybody"),
        ("aaaaaaaaaaaaaa", "again and again"),
        ("layla.haddad1", "is the name"),
        ("LaylaHaddad-LaylaHaddad", "is the name"),
        ("laylahaddad password", "is the name"),
        ("x" * 150 + "abcdefgh" * 7, "at most 200"),
        ("orbit-lantern\0-nul", "at most 200"),
    ],
)
def test_what_somebody_would_guess_is_refused_and_not_repeated(password: str, why: str) -> None:
    with pytest.raises(PasswordRefused) as caught:
        check_password(password, "layla.haddad")
    assert why in caught.value.message
    assert password not in caught.value.message + caught.value.remedy
