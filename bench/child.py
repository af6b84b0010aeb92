"""One benchmark in a process of its own: lines of progress on standard output, the result in a file.

    python -m bench.child NAME --work DIR --out FILE --seed N [--quick] [--data-file FILE]

Started by `bench.runner`; whatever happens in here, the page goes on.
"""

from __future__ import annotations

import argparse
import importlib
import re
import signal
import traceback
from pathlib import Path
from typing import cast

import msgspec

from .harness import Benchmark, LeftOut, Options, Result
from .names import NAMES
from .record import State, rounded

WHY_CHARACTERS_MAX = 300
_PATH = re.compile(r"(?<![\w:/])/[^\s'\",:;()]+")


class Answer(msgspec.Struct):
    """What a benchmark's process hands back."""

    state: State
    title: str
    why: str = ""
    result: Result = msgspec.field(default_factory=Result)


def main() -> None:
    """Run the benchmark that the arguments name."""
    given = _arguments()
    # Started in the background by a script, SIGINT would be ignored; the runner ends us with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = Options(
        quick=given.quick, work_dir=given.work, seed=given.seed, say=_say, data_file=given.data_file
    )
    given.out.write_bytes(msgspec.json.encode(answer(given.name, options)))


def answer(name: str, options: Options) -> Answer:
    """Run a benchmark; a fault in it is an answer too."""
    title = name.capitalize()
    try:
        benchmark = cast("Benchmark", importlib.import_module(f"bench.{name}"))
        title = benchmark.TITLE
        result = rounded(benchmark.run(options))
        empty = [figure.name for figure in result.figures if not figure.samples]
        if empty:
            raise ValueError(f"nothing was measured of {', '.join(empty)}")
        return Answer("measured", title, result=result)
    except LeftOut as reason:
        return Answer("left out", title, str(reason))
    except Exception as error:  # noqa: BLE001 -- the other benchmarks are none of its business
        traceback.print_exc()
        return Answer("failed", title, for_the_page(error))


def for_the_page(error: BaseException) -> str:
    """What went wrong, in a sentence without this machine's paths."""
    said = _PATH.sub("…", " ".join(str(error).split()))[:WHY_CHARACTERS_MAX]
    return f"{type(error).__name__}: {said}" if said else f"{type(error).__name__}."


def _say(line: str) -> None:
    print(" ".join(line.split()), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.child")
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--data-file", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
