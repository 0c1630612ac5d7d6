"""Every error the bridge raises, in one tree.

::

    BridgeError
    ├── SettingsError            the settings are wrong; every fault is listed
    ├── StorageError             bridge.db cannot be read or written
    ├── NotReady                 there is no mirror yet to answer from
    ├── HungUp                   the caller left the phone menu
    ├── CannotDial               there is no phone system that could be made to dial
    ├── AmiError                 Asterisk's manager interface did not do what was asked
    │   ├── AmiUnreachable       there is no connection to it, or it does not answer
    │   │   └── AmiSilent        it has answered, but the event that was to follow has not come in time
    │   └── AmiRefused           it does not let the manager's user in, or refuses an action
    ├── ItflowError              ITFlow did not give what was asked
    │   ├── ItflowUnreachable    no answer at all: refused, timed out, cut off
    │   ├── ItflowFailing        an answer, but a failure of the server (5xx, a PHP fatal error)
    │   ├── WireGarbled          an answer that is not v1's envelope
    │   │   ├── NotItflow        something else answers: a login page, a proxy, the script of before 2022
    │   │   └── RowGarbled       one row of an answer has a value that cannot be read
    │   ├── KeyRefused           ITFlow's API key is wrong, expired or deleted
    │   ├── RightMissing         the key is good, but may not do this
    │   ├── ModuleMissing        this ITFlow has no such module or function
    │   ├── RowMissing           nothing matches
    │   └── WriteRefused         ITFlow did not accept what was to be written
    └── RequestError             what a caller of the bridge did wrong
        ├── BadParameter
        ├── KeyMissing
        ├── KeyWrong
        ├── FeatureDenied        the key does not open this feature, or not from this address
        ├── NotFound
        ├── WrongMethod
        ├── Uncertain            the answer would be a guess
        └── TooMany              asked too often

Each error knows the HTTP status it becomes (RFC 9110) and its code for programs (RFC 9457); one handler in ``http/``
renders them all. The text of an error tells its reader what to do next. Foreign exceptions are mapped to these once,
at the seam where they appear, with ``from``.
"""

import re
import traceback
from math import ceil


def place(error: BaseException) -> str:
    """The lines of code that an error came through, for the log: its text might hold a number, a key or a body."""
    return "".join(traceback.format_tb(error.__traceback__))


class BridgeError(Exception):
    """The root of the tree."""

    status = 500

    @property
    def code(self) -> str:
        """Names the kind of error for programs, such as ``bad-parameter``; it stays, whatever the words."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(self).__name__).lower()


class SettingsError(BridgeError):
    """The settings are wrong.

    Attributes:
        faults: One line for each fault, all of them at once.
    """

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class StorageError(BridgeError):
    """``bridge.db`` cannot be read or written."""

    status = 503


class NotReady(BridgeError):
    """There is no mirror yet to answer from."""

    status = 503


class HungUp(BridgeError):
    """The caller left the phone menu: nothing more can be said to him."""


class CannotDial(BridgeError):
    """There is no phone system that could be made to dial."""

    status = 503


class AmiError(BridgeError):
    """Asterisk's manager interface did not do what was asked."""

    status = 502


class AmiUnreachable(AmiError):
    """There is no connection to Asterisk's manager, or it does not answer."""

    status = 503


class AmiSilent(AmiUnreachable):
    """Asterisk has taken an action on, but the event that was to follow has not come in time."""


class AmiRefused(AmiError):
    """Asterisk does not let the manager's user in, or refuses an action."""


class ItflowError(BridgeError):
    """ITFlow did not give what was asked."""

    status = 502


class ItflowUnreachable(ItflowError):
    """No answer at all: refused, timed out, or cut off in the middle."""

    status = 503


class ItflowFailing(ItflowError):
    """ITFlow answered with a failure of its own: a 5xx, or a fatal PHP error in place of JSON."""

    status = 503


class WireGarbled(ItflowError):
    """An answer that is not v1's envelope, such as a login page or a proxy's error page."""


class NotItflow(WireGarbled):
    """What answers there is not an ITFlow v1: a login page, a redirect, a proxy, an ITFlow of before v1."""


class RowGarbled(WireGarbled):
    """One row has a value that cannot be read: the row is left out, and the others are good.

    The text names the place, never the value, which may be somebody's data.

    Attributes:
        module: The module, such as ``contacts``.
        row_id: The row's id; None where that is what cannot be read.
        column: The column.
        reason: What is wrong with the value.
        client_id: The client that the row belongs to; None where the row does not tell.
        invoice_id: The invoice that a payment is on; None where there is none, or the row does not tell.
    """

    def __init__(
        self,
        module: str,
        row_id: int | None,
        column: str,
        reason: str,
        *,
        client_id: int | None = None,
        invoice_id: int | None = None,
    ) -> None:
        which = "a row" if row_id is None else f"row {row_id}"
        super().__init__(f"{module}: {column} of {which} cannot be read ({reason}). Correct it in ITFlow.")
        self.module = module
        self.row_id = row_id
        self.column = column
        self.reason = reason
        self.client_id = client_id
        self.invoice_id = invoice_id


class KeyRefused(ItflowError):
    """ITFlow's API key is wrong, expired or deleted (an update to 26.08 deletes every key)."""

    status = 503


class RightMissing(ItflowError):
    """ITFlow's API key is good, but may not do this."""


class ModuleMissing(ItflowError):
    """This ITFlow has no such module or function."""


class RowMissing(ItflowError):
    """Nothing in ITFlow matches what was asked for."""

    status = 404


class WriteRefused(ItflowError):
    """ITFlow did not accept what was to be written."""

    status = 422


class RequestError(BridgeError):
    """What a caller of the bridge did wrong."""

    status = 400


class BadParameter(RequestError):
    """A parameter is missing or cannot be understood; the text names it."""


class KeyMissing(RequestError):
    """The request carries no key."""

    status = 401

    def __init__(self, text: str = "Missing the API Key.") -> None:
        super().__init__(text)


class KeyWrong(RequestError):
    """The key is unknown, revoked or expired."""

    status = 401

    def __init__(self, text: str = "Incorrect or expired API Key.") -> None:
        super().__init__(text)


class FeatureDenied(RequestError):
    """The key does not open this feature, or not from this address."""

    status = 403


class NotFound(RequestError):
    """What was asked for is not there, or not for this key."""

    status = 404


class WrongMethod(RequestError):
    """An address was asked with a method that it has not."""

    status = 405


class Uncertain(RequestError):
    """The answer would be a guess; the text says why."""

    status = 409


class TooMany(RequestError):
    """Asked too often.

    Attributes:
        retry_after_s: When to ask again; in whole seconds it becomes the header ``Retry-After``.
    """

    status = 429

    def __init__(self, retry_after_s: float, text: str = "") -> None:
        super().__init__(text or f"Too many wrong keys came; ask again in {ceil(retry_after_s)} s.")
        self.retry_after_s = retry_after_s
