"""The settings of tills as values, and what they must be to be obeyed everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from octonext.base.errors import OctoNextError
from octonext.base.spread import CASH_STEP_MAX
from octonext.base.text import PRINTABLE_PATTERN
from octonext.payments.domain import CASH, TENDER_ACCOUNTS

#: The largest multiple that cash is rounded to, in minor units: a fifth of a dinar, two riyals. Tills round
#: by no larger one.
CASH_ROUNDING_MAX = CASH_STEP_MAX
TENDERS_MAX = 16
SCALE_RULES_MAX = 10
PPM = 1_000_000
IDLE_LOCK_S_MIN, IDLE_LOCK_S_MAX = 15, 3_600
#: Clears what a customer gives back against what the same customer takes: not a way to pay.
NOT_OFFERED = frozenset({"exchange"})
EAN13_DIGITS = 13
#: GS1 General Specifications, section 2.1.11: restricted circulation numbers of variable measure items.
SCALE_PREFIXES = tuple(str(prefix) for prefix in range(20, 30))

Scope = Literal["region", "branch"]
Ppm = Annotated[int, Meta(ge=0, le=PPM)]
Text = Annotated[str, Meta(max_length=200, pattern=PRINTABLE_PATTERN)]
ShortText = Annotated[str, Meta(max_length=40, pattern=PRINTABLE_PATTERN)]


class TillSettingsInvalid(OctoNextError):
    """A setting that tills could not obey."""

    code = "invalid_till_settings"


class ScaleRule(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """An EAN-13 of a scale: prefix, the article's digits, a weight or a price, and the check digit."""

    prefix: str
    item_digits: Annotated[int, Meta(ge=1, le=10)]
    holds: Literal["weight", "price"]
    value_digits: Annotated[int, Meta(ge=1, le=10)]
    #: Of a weight in kilograms, or of a price in the currency's unit.
    decimals: Annotated[int, Meta(ge=0, le=4)]


class DiscountLimits(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """The largest discount that each role gives alone, parts per million of the price."""

    cashier: Ppm
    supervisor: Ppm
    manager: Ppm


class ReceiptTexts(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True, omit_defaults=True):
    """What stands on a receipt beside what was sold."""

    seller_name_en: Text | UnsetType = UNSET
    seller_name_ar: Text | UnsetType = UNSET
    vat_number: ShortText | UnsetType = UNSET
    address_en: Text | UnsetType = UNSET
    address_ar: Text | UnsetType = UNSET
    phone: ShortText | UnsetType = UNSET
    footer_en: Text | UnsetType = UNSET
    footer_ar: Text | UnsetType = UNSET


class TillSettings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True, omit_defaults=True):
    """Settings of a region or a branch. What is left out the region decides, or the till's default."""

    #: Cash totals become multiples of so many minor units; null does not round, whatever the region says.
    cash_rounding: Annotated[int, Meta(ge=1, le=CASH_ROUNDING_MAX)] | UnsetType | None = UNSET
    tenders: Annotated[list[str], Meta(min_length=1, max_length=TENDERS_MAX)] | UnsetType = UNSET
    scale_rules: Annotated[list[ScaleRule], Meta(max_length=SCALE_RULES_MAX)] | UnsetType = UNSET
    discount_limit_ppm: DiscountLimits | UnsetType = UNSET
    idle_lock_seconds: Annotated[int, Meta(ge=IDLE_LOCK_S_MIN, le=IDLE_LOCK_S_MAX)] | UnsetType = UNSET
    blind_count: bool | UnsetType = UNSET
    receipt: ReceiptTexts | UnsetType = UNSET


class PlacedTillSettings(msgspec.Struct, kw_only=True):
    """The settings of one region or branch, `id` of the one or the other."""

    scope: Scope
    id: int
    settings: TillSettings


def check(settings: TillSettings) -> None:
    """Raises TillSettingsInvalid with everything that tills could not obey."""
    found = [
        *_tender_faults(settings.tenders),
        *_scale_faults(settings.scale_rules),
        *_discount_faults(settings.discount_limit_ppm),
    ]
    if found:
        raise TillSettingsInvalid(" ".join(found), remedy="Nothing was changed.")


def merged(region: TillSettings, branch: TillSettings) -> TillSettings:
    """What holds in a branch: its own members, and its region's where it has none."""
    texts = {**_members(_or_empty(region.receipt)), **_members(_or_empty(branch.receipt))}
    both = {**_members(region), **_members(branch)}
    return TillSettings(**both | ({"receipt": ReceiptTexts(**texts)} if texts else {}))


def _tender_faults(tenders: Sequence[str] | UnsetType) -> Iterator[str]:
    if isinstance(tenders, UnsetType):
        return
    known = [tender for tender in TENDER_ACCOUNTS if tender not in NOT_OFFERED]
    for tender in tenders:
        if tender not in known:
            yield f"tenders: {tender[:40]!r} is none; there are {', '.join(known)}."
    if len(set(tenders)) < len(tenders):
        yield "tenders: one is there twice."
    if CASH not in tenders:
        # A till that takes no cash could not close a shift that opened with a float.
        yield f"tenders: {CASH} must be among them."


def _scale_faults(rules: Sequence[ScaleRule] | UnsetType) -> Iterator[str]:
    if isinstance(rules, UnsetType):
        return
    for number, rule in enumerate(rules, 1):
        where = f"scale_rules, rule {number}"
        if rule.prefix not in SCALE_PREFIXES:
            yield f"{where}: the prefix is two digits from 20 to 29, not {rule.prefix[:8]!r}."
            continue
        digits = len(rule.prefix) + rule.item_digits + rule.value_digits + 1
        if digits != EAN13_DIGITS:
            yield (
                f"{where}: prefix, article, value and check digit make {digits} digits, "
                f"an EAN-13 has {EAN13_DIGITS}."
            )
        if rule.decimals > rule.value_digits:
            yield f"{where}: more decimals than digits."
        if rule.holds == "weight" and rule.decimals > 3:
            yield f"{where}: quantities have three decimals."
    prefixes = [rule.prefix for rule in rules]
    for prefix in sorted({each for each in prefixes if prefixes.count(each) > 1}):
        yield f"scale_rules: two rules for the prefix {prefix[:8]}."


def _discount_faults(limits: DiscountLimits | UnsetType) -> Iterator[str]:
    if not isinstance(limits, UnsetType) and not limits.cashier <= limits.supervisor <= limits.manager:
        yield "discount_limit_ppm: a supervisor gives no less than a cashier, a manager no less than both."


def _or_empty(texts: ReceiptTexts | UnsetType) -> ReceiptTexts:
    return ReceiptTexts() if isinstance(texts, UnsetType) else texts


def _members(values: TillSettings | ReceiptTexts) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(values).items() if value is not UNSET}
