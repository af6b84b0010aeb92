"""`octonext simulate`: lives through worlds made of seeds, and says which invariant did not hold in which."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.markup import escape

from octonext.base.errors import OctoNextError
from octonext.runtime.actor import acting_as

from .mutations import ALL_MUTATIONS
from .plan import FAULTS, OPERATIONS, Plan, day, small_world
from .run import Result, simulate

#: Tills of the largest chain that still fits a machine's memory.
TILLS_MAX = 2_000
DAYS_MAX = 366.0
JOBS_MAX = 256
_TILLS_DEFAULT, _DAYS_DEFAULT = 50, 1.0
#: Seeds handed to a worker at once.
_CHUNK = 4
_PROGRESS_EVERY_S = 5.0


class BadSimulation(OctoNextError):
    """What was asked for cannot be simulated."""

    code = "bad_simulation"


def simulate_command(
    seed: Annotated[int, typer.Option(min=0, help="The world to live through; the first of --seeds.")] = 1,
    tills: Annotated[
        int | None, typer.Option(min=1, max=TILLS_MAX, help="A chain of so many tills. [default: 50]")
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0.001, max=DAYS_MAX, help="For so many days. [default: 1]")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many worlds, from --seed on.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, max=JOBS_MAX, help="Processes that share the seeds.")] = 1,
    log: Annotated[Path | None, typer.Option(help="Write every event of the one world here.")] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Live through all --seeds, also after one has failed.")
    ] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Say how often each fault, operation and check occurred.")
    ] = False,
    mutation: Annotated[
        list[str] | None, typer.Option(help="Break this rule on purpose; repeatable. `list` names them.")
    ] = None,
) -> None:
    """Live through worlds made of seeds: the program's own logic, simulated clock, network and disks.

    Without --tills and --days a world is small and full of trouble: that is where faults are found.
    The same seed gives the same history, byte for byte; its digest is printed.
    """
    console = Console(highlight=False, soft_wrap=True)
    broken = tuple(mutation or ())
    if broken == ("list",):
        for name, meaning in ALL_MUTATIONS.items():
            console.print(f"{name:24} {meaning}")
        return
    _check(broken, seeds=seeds, log=log)
    plans = [_plan(each, tills, days, broken) for each in range(seed, seed + seeds)]
    options = _options(tills, days, broken)
    if seeds == 1:
        with log.open("w", encoding="utf-8") if log else nullcontext() as file:
            result = _one(plans[0], file)
        failed = _show(console, result, options)
        if coverage:
            _show_coverage(console, Counter(result.counts), Counter(result.counts.keys()))
    else:
        failed = _many(console, plans, jobs, options, keep_going=keep_going, coverage=coverage)
    if failed:
        raise typer.Exit(1)


def _check(broken: Sequence[str], *, seeds: int, log: Path | None) -> None:
    for name in broken:
        if name not in ALL_MUTATIONS:
            raise BadSimulation(
                f"There is no mutation {name!r}.", remedy="`octonext simulate --mutation list` names them."
            )
    if log is not None and seeds != 1:
        raise BadSimulation("--log writes down one world.", remedy="Leave out --seeds, or --log.")


def _plan(seed: int, tills: int | None, days: float | None, broken: Sequence[str]) -> Plan:
    if tills is None and days is None:
        return small_world(seed, mutations=broken)
    return day(
        seed,
        tills=_TILLS_DEFAULT if tills is None else tills,
        days=_DAYS_DEFAULT if days is None else days,
        mutations=broken,
    )


def _options(tills: int | None, days: float | None, broken: Sequence[str]) -> str:
    """What has to be said again to repeat a world, beside its seed."""
    said = [f"--tills {tills}"] if tills is not None else []
    said += [f"--days {days:g}"] if days is not None else []
    return " ".join([*said, *(f"--mutation {name}" for name in broken)])


def _one(plan: Plan, log: TextIO | None = None) -> Result:
    # A world knows nobody outside of it, whoever runs it.
    with acting_as(None):
        return simulate(plan, log)


def _many(
    console: Console, plans: Sequence[Plan], jobs: int, options: str, *, keep_going: bool, coverage: bool
) -> bool:
    began = told = time.monotonic()
    failed = done = 0
    times: Counter[str] = Counter()
    worlds: Counter[str] = Counter()
    for result in _results(plans, jobs):
        done += 1
        times.update(result.counts)
        worlds.update(result.counts.keys())
        if result.violation is not None:
            failed += 1
            _show(console, result, options)
            if not keep_going:
                break
        if time.monotonic() - told > _PROGRESS_EVERY_S:
            told = time.monotonic()
            console.print(f"{done} of {len(plans)} worlds, {failed} failed")
    rate = done / max(time.monotonic() - began, 1e-9)
    console.print(f"{done} worlds, {failed} failed; {rate:.1f} a second.")
    if coverage:
        _show_coverage(console, times, worlds)
    if failed and not keep_going:
        left = len(plans) - done
        console.print(
            f"Stopped at the first failure; {left} worlds were left. --keep-going lives through all."
        )
    if not failed:
        console.print(
            f"Zero failures in {done} worlds say no more than that fewer than about 3 in {done} worlds "
            "of this kind fail (95 % confidence)."
        )
    return failed > 0


def _show_coverage(console: Console, times: Counter[str], worlds: Counter[str]) -> None:
    """What happened in the worlds and what was compared, and what could have happened and did not."""
    for name in sorted(times):
        console.print(f"{times[name]:>10} in {worlds[name]:>6} worlds  {escape(name)}")
    never = [f"fault: {name}" for name in FAULTS] + [f"operation: {name}" for name in OPERATIONS]
    for name in never:
        if name not in times:
            console.print(f"{'never':>10} {'':>16}  {name}")


def _results(plans: Sequence[Plan], jobs: int) -> Iterator[Result]:
    """In the order of the seeds."""
    if jobs == 1:
        yield from map(_one, plans)
        return
    # Fresh interpreters: nothing of this process, threads least of all, may reach a world.
    with get_context("spawn").Pool(jobs, _ignore_interrupts) as pool:
        # Leaving the block ends the workers, whatever they are in the middle of.
        yield from pool.imap(_one, plans, chunksize=_CHUNK)


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of the terminal; the one that asked decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _show(console: Console, result: Result, options: str) -> bool:
    """Print what became of a world; whether an invariant broke."""
    console.print(
        f"seed {result.seed}: {result.events} events in {result.simulated_s:.0f} simulated seconds, "
        f"digest {result.digest}"
    )
    found = result.violation
    if found is None:
        return False
    for line in result.last:
        console.print(f"  {escape(line)}")
    console.print(f"[bold red]Invariant {escape(found.invariant)}[/]: {escape(found.detail)}")
    console.print(f"It broke at {found.at_s:.6f} s. Once more, with every event in a file:")
    command = f"octonext simulate --seed {result.seed} {options}".rstrip()
    console.print(f"  {command} --log history.txt")
    return True
