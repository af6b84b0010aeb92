from __future__ import annotations

from pathlib import Path

import pytest

from octonext.processes.init import write_configuration
from octonext.runtime.layout import Layout
from octonext.runtime.settings import SettingsError


@pytest.mark.parametrize("host", ['a"b', "back\\slash", "line\nport = 1", "del\x7f", "\U0001f6d2", "::1"])
def test_a_value_is_read_again_as_it_was_given(tmp_path: Path, host: str) -> None:
    write_configuration(tmp_path, name="test", shards=["kw-1:KW:KW"], host=host)
    assert Layout(tmp_path).settings.gateway.host == host


def test_what_is_not_text_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="UTF-8"):
        write_configuration(tmp_path / "new", name="test", shards=["kw-1:KW:KW"], host="\udcff")
    assert not (tmp_path / "new").exists()
