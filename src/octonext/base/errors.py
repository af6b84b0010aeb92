"""The root of every error a user, an operator or a peer can cause."""

from __future__ import annotations


class OctoNextError(Exception):
    """Something outside the program is wrong; the message says what, the remedy says what to do.

    Raised only for what a person can put right. A bug raises something else, and looks like one.
    """

    code = "error"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".rstrip()
