"""The checks there are, and the invariants of `docs/sync-protocol.md`, section 7, that they speak for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

INVARIANTS: Mapping[int, str] = {
    1: "A receipt is shown only after its entry is durable",
    2: "A till deletes an entry only when the shard holds the same hash",
    3: "Any prefix replayed any number of times gives the same state",
    4: "What a shard accepted of a device is a gapless, chain-valid prefix",
    5: "Every validly signed entry ends posted, posted with a case, or quarantined",
    6: "Stock on hand is the opening stock plus the sum of the movements",
    7: "Leases never promise more than there is",
    8: "One writer per device: clones are fenced or found as forks",
    9: "Cursors follow commit order, never a wall clock",
    10: "The till's clock is evidence: it orders no money and rejects no sale",
    11: "Connected with entries to send means progress within 30 s",
}

#: What of an invariant no data at rest can show, in words for whoever reads the result.
NOT_READABLE: Mapping[int, str] = {
    1: "the moment a receipt is shown leaves no trace; read here is that no till lost what it sent",
    7: "there are no leases in this version",
    11: "progress over time is not stored; `octonext status` shows lanes, `octonext till status` alarms",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at. `needs` says without what it cannot be made."""

    name: str
    title: str
    invariants: tuple[int, ...] = ()
    needs: str = ""


_JOURNALS = "no till's journal was given (--journals)"
_REPORTS = "reporting was not asked"

CHECKS: Mapping[str, Check] = {
    check.name: check
    for check in (
        Check("till-journals", "Tills' journals are whole and of one till each", (1, 8), _JOURNALS),
        Check("till-heads", "No till lost what its shard holds", (1,), _JOURNALS),
        Check("till-hashes", "Tills and shards hold the same hashes", (2, 4), _JOURNALS),
        Check("till-acked", "What a till deleted or counts as acked is on its shard", (2,), _JOURNALS),
        Check("journal-chain", "Journals are gapless and their hashes follow from their bytes", (4,)),
        Check("journal-heads", "Heads are the ends of their journals", (3, 4)),
        Check("journal-keys", "The shift keys of every entry are kept", (5,)),
        Check("outcomes", "Every entry's outcome agrees with its cases", (5,)),
        Check("forks", "Every fork differs from the journal and opened a case", (8,)),
        Check("sales", "Sales follow from the journal, one per entry", (3, 5)),
        Check("sale-lines", "Lines follow from the journal", (3, 5)),
        Check("sale-payments", "Payments follow from the journal", (3, 5)),
        Check("sale-taxes", "Tax blocks follow from the journal", (3, 5)),
        Check("stock-movements", "Stock movements follow from the journal", (3, 5)),
        Check("ledger-lines", "Ledger lines follow from the journal", (3, 5)),
        Check("till-events", "Events follow from the journal", (3, 5)),
        Check("shifts", "Shift totals follow from the journal", (3,)),
        Check("one-transaction", "Entries and postings were committed together", (3, 5)),
        Check("receipt-sums", "A receipt is the sum of its lines and taxes, paid in full"),
        Check("ledger-balanced", "Debits equal credits in every entry"),
        Check("account-balances", "Account balances are the sums of their ledger lines", (3,)),
        Check("stock-balances", "Stock on hand is the sum of its movements", (6,)),
        Check("exchanges", "What came back in exchange is what went out for it, in every shift"),
        Check("customers", "Customers follow from the journal", (3,)),
        Check("till-clocks", "No till's clock moved money into the future or a sale into quarantine", (10,)),
        Check("reference-copies", "Shards hold head office's rows up to their cursors", (9,)),
        Check("feed-complete", "Reporting has every row of every shard", (9,), _REPORTS),
        Check("report-totals", "Reports equal the shards in money, tax, counts and quantity", (9,), _REPORTS),
        Check("report-payments", "Reports equal the shards in payments by tender", (9,), _REPORTS),
        Check("report-taxes", "Reports equal the shards in tax by code", (9,), _REPORTS),
        Check("report-ledger", "Reports equal the shards in every account", (9,), _REPORTS),
        Check("report-stock", "Reports equal the shards in stock on hand of every product", (9,), _REPORTS),
        Check("report-tills", "Reports know every till's head", (9,), _REPORTS),
    )
}
