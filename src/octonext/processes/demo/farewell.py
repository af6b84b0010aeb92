"""What the viewer needs to look around in a chain that stays up: addresses, a token, commands."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from octonext.edge.tokens import REPORTS_READ
from octonext.processes.chain import Chain
from octonext.processes.supervisor.service import write_secret

REPORTS_FILE = "reports.token"
TOKEN_DAYS = 30


async def create_reports_token(chain: Chain) -> Path:
    """A token that may read reports and nothing else, in a file that only its owner reads."""
    made = await chain.head_office.post(
        "/tokens", {"name": "demo: reports", "scopes": [REPORTS_READ], "expires_in_days": TOKEN_DAYS}
    )
    path = chain.layout.secrets / REPORTS_FILE
    write_secret(path, made["secret"].encode())
    return path


def print_addresses(console: Console, chain: Chain, token: Path) -> None:
    """Where everything is. The administrator's secret is shown here and nowhere else."""
    layout, program = chain.layout, _program()
    data = shlex.quote(str(layout.data_dir))
    url, root = chain.urls[0], shlex.quote(str(layout.root_certificate))
    report = f"{url}/api/v1/reports/sales-by-branch?format=csv"
    console.rule("The chain stays up until Ctrl-C", style="dim")
    for name, value in (
        ("Gateway", url),
        ("API", f"{url}/api/v1/openapi.json (with any token)"),
        ("Root CA", str(layout.root_certificate)),
        ("Data", str(layout.data_dir)),
        ("Administrator", "name admin; password and API token, shown this once:"),
        ("", chain.secret),
    ):
        console.print(f"[bold]{name:<14}[/]{escape(value)}", soft_wrap=True)
    console.print()
    for title, command in (
        (
            "A report, with a token that may only read reports:",
            f'curl --cacert {root} -H "Authorization: Bearer $(cat {shlex.quote(str(token))})" "{report}"',
        ),
        ("Every process, shard, feed and breaker:", f"{program} status --data {data}"),
        (
            "Every invariant, checked again:",
            f"{program} verify --data {data} --journals {shlex.quote(str(layout.data_dir / 'tills'))}",
        ),
        ("What encrypts each database, with the proof:", f"{program} doctor --data {data}"),
        (
            "Change a row as anybody you like, then see it found and named:",
            f"{program} audit verify --data {data}",
        ),
    ):
        console.print(escape(title))
        console.print(f"  [cyan]{escape(command)}[/]", soft_wrap=True)
    console.print("Kill any process that status lists, and look again.")
    console.print()


def _program() -> str:
    """How this very program was called, so that the lines can be copied."""
    return shlex.quote(sys.argv[0]) if sys.argv and sys.argv[0].endswith("octonext") else "octonext"
