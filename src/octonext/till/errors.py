"""What can go wrong at a till, in words for the person who stands at it."""

from octonext.base.errors import OctoNextError


class TillError(OctoNextError):
    """The till cannot do what was asked."""

    code = "till_error"


class JournalInUse(TillError):
    """Another process is writing this till's journal: a till has one writer."""

    code = "journal_in_use"


class JournalDamaged(TillError):
    """The journal's file is not a till's journal, or what it holds is not what was written."""

    code = "journal_damaged"


class DiskFull(TillError):
    """The disk has no room for what was to be written."""

    code = "disk_full"


class NotEnrolled(TillError):
    """The directory holds no enrolled till."""

    code = "not_enrolled"


class EnrolmentRefused(TillError):
    """The gateway did not accept the enrolment."""

    code = "enrolment_refused"


class WrongPin(TillError):
    """The PIN does not open this shift, or is not this cashier's."""

    code = "wrong_pin"


class ShiftNotOpen(TillError):
    """Selling needs an open shift."""

    code = "shift_not_open"


class ShiftAlreadyOpen(TillError):
    """A till has one shift at a time."""

    code = "shift_already_open"


class NotSellable(TillError):
    """The till cannot price this: unknown barcode, no price today, or no tax rule."""

    code = "not_sellable"


class TenderRefused(TillError):
    """The tenders do not fit what has to be paid."""

    code = "tender_refused"


class CardNumberRefused(TillError):
    """What was typed holds a payment card number."""

    code = "card_number"


class EntryTooLong(TillError):
    """The receipt, count or adjustment is longer than what can be sent to the shard."""

    code = "entry_too_long"


class EntryInvalid(TillError):
    """The entry would say something that no shard understands, such as a note that is too long."""

    code = "entry_invalid"


class ReceiptNotFound(TillError):
    """No receipt of that number can be read on this till."""

    code = "receipt_not_found"


class SyncStopped(TillError):
    """Syncing stopped for a reason that a person must look at."""

    code = "sync_stopped"


class GatewayUnreachable(TillError):
    """No gateway answered. What was sold is safe in the journal."""

    code = "gateway_unreachable"


class NotUnderstood(TillError):
    """What was typed is not of the form that was asked for."""

    code = "not_understood"
