"""The tenders, each with the ledger account that its money goes to."""

from __future__ import annotations

from octonext.ledger.domain import Account

#: Tender code -> the account debited when it is taken. KNET is Kuwait's debit network, mada Saudi
#: Arabia's and BENEFIT Bahrain's: each is cleared on its own, so each has its own account.
TENDER_ACCOUNTS: dict[str, Account] = {
    "cash": Account.CASH_DRAWER,
    "card": Account.CARD_CLEARING,
    "knet": Account.KNET_CLEARING,
    "mada": Account.MADA_CLEARING,
    "benefit": Account.BENEFIT_CLEARING,
    "voucher": Account.VOUCHERS,
    "on_account": Account.RECEIVABLES,
    "exchange": Account.EXCHANGE_CLEARING,
}

#: The tender that sits in the drawer, is counted at the end of a shift, and alone may be rounded.
CASH = "cash"

#: The tender that somebody has to be named for: without a customer nobody owes the money.
ON_ACCOUNT = "on_account"

#: The tender between the return and the sale of an exchange. No customer hands it over.
EXCHANGE = "exchange"
