"""Which passwords are taken. Pure.

Length is what makes a password hard to guess, so there is no rule about kinds of characters; what everybody
guesses first is refused, however it is lengthened. Passphrases of a few words are welcome.
"""

from __future__ import annotations

import re

from octonext.base.errors import OctoNextError

PASSWORD_CHARACTERS_MIN = 12
PASSWORD_CHARACTERS_MAX = 200
DIFFERENT_CHARACTERS_MIN = 5

#: What passwords that everybody guesses are made of, in the languages of the keyboards here.
COMMON_WORDS = (
    "abc", "abcd", "account", "admin", "administrator", "allah", "asdf", "asdfgh", "asdfghjkl",
    "azerty", "bahrain", "baseball", "cashier", "changeme", "charlie", "company", "computer",
    "default", "dragon", "dubai", "football", "freedom", "guest", "habibi", "hello", "iloveyou",
    "internet", "kuwait", "letmein", "login", "love", "manager", "market", "master", "me",
    "mohammed", "monkey", "muhammad", "my", "mypassword", "oman", "octonext", "pass", "passe",
    "passphrase", "passwd", "password", "passwort", "princess", "pword", "qatar", "qazwsx", "qwer",
    "qwerty", "qwertyuiop", "qwertz", "riyadh", "root", "saudi", "secret", "shadow", "shop",
    "starwars", "store", "sunshine", "superman", "supervisor", "system", "temp", "test", "the",
    "this", "till", "trustno", "user", "welcome", "whatever", "winter", "spring", "summer",
    "autumn", "zxcvbn", "zxcvbnm", "كلمة", "المرور", "سر", "كلمةالسر", "كلمةالمرور",
)  # fmt: skip
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm")
_LOOKALIKES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"})
_MADE_OF_THEM = re.compile(
    "(?:" + "|".join(sorted(map(re.escape, COMMON_WORDS), key=len, reverse=True)) + ")*"
)
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_AT_THE_END = re.compile(r"[\W\d_]+\Z")


class PasswordRefused(OctoNextError):
    """The password is one that somebody would guess."""

    code = "password_refused"


def check_password(password: str, name: str) -> None:
    """Raises PasswordRefused for a password that is short, everybody's, or the user's own name.

    The message never repeats the password.
    """
    if len(password) < PASSWORD_CHARACTERS_MIN:
        raise PasswordRefused(
            f"A password has at least {PASSWORD_CHARACTERS_MIN} characters.",
            remedy="Several words that nobody else would put together are easy to keep in mind.",
        )
    if len(password) > PASSWORD_CHARACTERS_MAX or "\0" in password:
        raise PasswordRefused(
            f"A password has at most {PASSWORD_CHARACTERS_MAX} characters, and no NUL among them."
        )
    lowered = password.casefold()
    if len(set(lowered)) < DIFFERENT_CHARACTERS_MIN:
        raise PasswordRefused("This password is a few characters again and again.", remedy=_ANOTHER)
    own = _NOT_LETTERS.sub("", name.casefold())
    if len(own) >= 3 and _is_made_of(lowered, own):
        raise PasswordRefused("This password is the name.", remedy=_ANOTHER)
    if _is_common(lowered):
        raise PasswordRefused("This password is one that everybody guesses.", remedy=_ANOTHER)


_ANOTHER = "Choose another: several words that nobody else would put together."


def _readings(lowered: str) -> set[str]:
    """The letters of a password, with digits left out and with digits that stand for letters."""
    # A year at the end is a year, not letters.
    texts = (lowered, lowered.translate(_LOOKALIKES), _AT_THE_END.sub("", lowered).translate(_LOOKALIKES))
    return {_NOT_LETTERS.sub("", text) for text in texts}


def _is_made_of(lowered: str, own: str) -> bool:
    return any(
        _MADE_OF_THEM.fullmatch(reading.replace(own, "")) and own in reading for reading in _readings(lowered)
    )


def _is_common(lowered: str) -> bool:
    """Nothing but common words or a row of keys, digits and punctuation."""
    return any(
        _MADE_OF_THEM.fullmatch(reading) or any(reading in row for row in _ROWS)
        for reading in _readings(lowered)
    )
