"""A till for the viewer's own browser: its address, its enrolment code, and people who can sign in."""

from __future__ import annotations

import base64
import hashlib
import shlex
import shutil
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console
from rich.markup import escape

from octonext.edge.static import APP_PATH, INDEX
from octonext.processes.chain import Chain
from octonext.processes.gateway import APP_FOLDER
from octonext.processes.sample.seed import Seeded

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROFILE = "browser"


async def print_browser_till(console: Console, chain: Chain, seeded: Seeded) -> None:
    """Make one more till and say how to open it. Says what is missing when the page was not built."""
    if not (APP_FOLDER / INDEX).is_file():
        console.print("The browser till is not built here. To have it: [cyan]make web[/], then start again.")
        return
    cashier = seeded.cashiers[0]
    colleague = next(each for each in seeded.cashiers[1:] if each.branch_id == cashier.branch_id)
    made = await chain.head_office.post("/tills", {"branch_id": cashier.branch_id, "name": "In the browser"})
    page = f"{chain.urls[0]}{APP_PATH}/"
    console.print()
    console.rule("A till for your browser", style="dim")
    for name, value in (
        ("Page", page),
        ("Code", f"{made['enrolment_code']} (enrols it once, as a till of {cashier.branch_code})"),
        ("Sign in as", f"cashier {cashier.code} with PIN {cashier.pin}, who may also approve"),
        ("", f"cashier {colleague.code} with PIN {colleague.pin}"),
    ):
        console.print(f"[bold]{name:<14}[/]{escape(value)}", soft_wrap=True)
    # A page that sells offline needs a certificate that its browser trusts: a click on "proceed anyway"
    # opens the page, but a browser installs no service worker then.
    console.print(
        escape("The browser must trust the root CA above. For one window of Chromium that is enough:")
    )
    console.print(f"  [cyan]{escape(_command(chain, page))}[/]", soft_wrap=True)


def _command(chain: Chain, page: str) -> str:
    layout = chain.layout
    program = next((name for name in CHROMIUM if shutil.which(name)), CHROMIUM[0])
    words = [
        program,
        f"--user-data-dir={layout.data_dir / PROFILE}",
        f"--ignore-certificate-errors-spki-list={_spki_digest(layout.gateway_certificate(0))}",
        page,
    ]
    return shlex.join(words)


def _spki_digest(certificate: Path) -> str:
    """SHA-256 of the certificate's public key in base64, the form in which Chromium is told of it."""
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()
