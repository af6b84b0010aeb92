from __future__ import annotations

from pathlib import Path

import pytest

from bench.__main__ import EXIT_BAD_ARGUMENTS, main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "nonsense"], "invalid choice: 'nonsense'"),
        (["--data-file", "/nowhere/file.csv"], "there is no file /nowhere/file.csv"),
        (["--out", "page.html"], "--out is the page, a .md file"),
        (["--work", "/nowhere"], "there is no folder /nowhere"),
        (["--seed", "many"], "invalid int value: 'many'"),
    ],
)
def test_arguments_that_cannot_be_used_are_told_before_anything_runs(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == EXIT_BAD_ARGUMENTS
    assert said in capsys.readouterr().err


def test_figures_of_another_form_are_told_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "figures.json").write_text("not JSON")
    with pytest.raises(SystemExit) as end:
        main(["--out", str(tmp_path / "benchmarks.md"), "--only", "replay"])
    assert end.value.code == EXIT_BAD_ARGUMENTS
    assert "Delete it" in capsys.readouterr().err
