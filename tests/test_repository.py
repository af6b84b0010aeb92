"""What holds for the repository as a whole: nothing binds it to one place, SQL is named, files stay short."""

import json
import re
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from octonext.runtime.sql import parse_queries

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 400

# Written in two halves, so that this file does not find itself.
REGISTRY = re.compile(
    r"pypi\." + r"org|pythonhosted\." + r"org|registry\.npm" + r"js|--(extra-)?index" + r"-url\b"
)
HOME_PATH = re.compile(r"(?<![\w.])/(ho" + r"me|Us" + r"ers)/\w+|(?<![\w.])/ro" + r"ot/")
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b|raise NotImplemented" + r"Error")


def repository_files(*suffixes: str) -> Iterator[tuple[str, str]]:
    """Path and text of what git tracks, or would: nothing that is ignored, nothing binary."""
    listed = subprocess.run(
        [
            "git",
            "-c",
            f"safe.directory={ROOT}",
            "ls-files",
            "--cached",
            "--others",
            "--exclude-standard",
            "-z",
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and (not suffixes or path.suffix in suffixes):
            data = path.read_bytes()
            if b"\0" not in data:
                yield name, data.decode("utf-8")


def places(pattern: re.Pattern[str], *suffixes: str) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in repository_files(*suffixes)
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_registry() -> None:
    assert places(REGISTRY) == []


def test_no_file_names_someones_home() -> None:
    assert places(HOME_PATH) == []


def test_nothing_in_the_code_is_left_for_later() -> None:
    assert places(UNFINISHED, ".py", ".sql", ".sh", ".ts", ".tsx") == []


def test_every_locked_package_has_a_hash() -> None:
    for name in ("runtime", "dev", "node"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        packages = re.split(r"\n(?=\S)", text.strip())
        assert packages
        assert [entry for entry in packages if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_every_locked_package_of_the_browser_side_has_a_hash_and_no_address() -> None:
    locked = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    fetched = {
        name: entry for name, entry in locked.items() if "node_modules/" in name and not entry.get("link")
    }
    assert len(fetched) > 100
    # What a package brings with it lies in that package's own archive, under its hash.
    unhashed = [
        name for name, entry in fetched.items() if "integrity" not in entry and not entry.get("inBundle")
    ]
    assert unhashed == []
    assert [name for name, entry in fetched.items() if "resolved" in entry] == []


def test_what_is_tested_is_what_runs() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        return set(re.findall(r"^(\S+==\S+)", text, re.MULTILINE))

    assert pins("runtime.txt") <= pins("dev.txt")


def test_every_statement_beside_a_store_has_a_name_and_a_sentence() -> None:
    for name, text in repository_files(".sql"):
        if Path(name).name == "store.sql" or "-- name:" in text:
            assert parse_queries(text, source=name)


def test_migrations_are_numbered_without_a_gap() -> None:
    for database in ("hq", "shard"):
        folders = [files("octonext").joinpath("schema", folder) for folder in (database, "both")]
        names = [entry.name for folder in folders for entry in folder.iterdir()]
        numbers = sorted(int(name[:4]) for name in names if name.endswith(".sql"))
        assert numbers == list(range(1, len(numbers) + 1))


def test_no_file_is_too_long_to_read() -> None:
    lengths = {name: len(text.splitlines()) for name, text in repository_files(".py", ".ts", ".tsx")}
    assert len(lengths) > 1000
    assert {name: length for name, length in lengths.items() if length > FILE_LINES_MAX} == {}


def test_no_folder_is_a_drawer_for_anything() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    named = [
        name
        for name, _ in repository_files(".py", ".ts", ".tsx")
        if drawers & {part.partition(".")[0] for part in Path(name).parts}
    ]
    assert named == []
