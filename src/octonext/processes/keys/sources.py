"""`file:PATH`, `env:NAME` or `command:PROGRAM ARGUMENTS`: a secret's source as one word of a command line."""

from __future__ import annotations

import shlex
from pathlib import Path

from octonext.base.errors import OctoNextError
from octonext.runtime.secrets import SecretSource
from octonext.runtime.settings import toml_string

SOURCE_HELP = "file:PATH, env:NAME or 'command:PROGRAM ARGUMENTS'"


class SourceInvalid(OctoNextError):
    """What was given names no source of a secret."""

    code = "source_invalid"


def parse_source(text: str) -> SecretSource:
    """The source that `text` names; never the secret itself. Raises SourceInvalid."""
    kind, _, value = text.partition(":")
    try:
        match kind:
            case "file" if value:
                return SecretSource(file=Path(value).expanduser().absolute())
            case "env" if value:
                return SecretSource(env=value)
            case "command" if value:
                return SecretSource(command=tuple(shlex.split(value)))
    except ValueError:  # a quotation mark that is never closed
        pass
    # The text is not repeated: somebody may have given the secret in its place.
    raise SourceInvalid("This names no source of a secret.", remedy=f"Write {SOURCE_HELP}.")


def as_setting(source: SecretSource) -> str:
    """The source as octonext.toml has it. Raises SettingsError for what is no text in UTF-8."""
    if source.file is not None:
        return f"{{ file = {toml_string(str(source.file))} }}"
    if source.env is not None:
        return f"{{ env = {toml_string(source.env)} }}"
    words = ", ".join(map(toml_string, source.command or ()))
    return f"{{ command = [{words}] }}"
