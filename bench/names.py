"""Which benchmarks there are, in the order of the page. Each is a module of that name in this folder."""

NAMES = (
    "ingest",
    "checkout",
    "isolation",
    "freshness",
    "replay",
    "idle",
    "growth",
    "reports",
    "cost",
    "security",
    "till",
)
