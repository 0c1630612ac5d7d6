"""Whether what a pull shows may replace what is known: a pull is judged as a whole.

What is not certain never replaces what is known. A key that sees less than it did, a database error or a half
restored ITFlow look like deleted rows; so rows are only given up where all of a pull speaks for it. New and changed
rows are taken over in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bridge.directory.found import Found

# See ``judge``.
Judge = Callable[[Sequence[Found], Sequence[str], float], Mapping[str, str]]

# A mirror this small may lose its rows without a doubt, as long as half of them are left.
LOSS_FLOOR = 5

_WHAT_TO_DO = (
    "The mirror keeps what it knows. If the rows are really gone, run `itflow-bridge sync --accept`; "
    "if not, look at the API key's clients and rights, and at ITFlow's PHP log for database errors."
)


def judge(found: Sequence[Found], troubled: Sequence[str], max_loss: float) -> Mapping[str, str]:
    """Why modules may lose no rows, by module; modules that may are not in it.

    Args:
        found: The modules that were pulled to their end.
        troubled: The modules that were to be pulled with them and could not be read.
        max_loss: The share of the known rows that may be gone.
    """
    doubts = {one.module: text for one in found if (text := _doubt(one, max_loss))}
    suspects = [*doubts, *troubled]
    for one in found:
        if one.lost and one.module not in doubts and suspects:
            doubts[one.module] = (
                f"{len(one.lost)} of {one.known.rows} known {one.module} are gone from ITFlow's answer, while "
                f"{', '.join(suspects)} cannot be trusted. {_WHAT_TO_DO}"
            )
    return doubts


def _doubt(found: Found, max_loss: float) -> str:
    known, lost, module = found.known.rows, len(found.lost), found.module
    if known and not found.seen:
        return f"ITFlow shows no {module} at all, but the mirror knows {known}. {_WHAT_TO_DO}"
    if lost and module == "clients" and found.seen == 1:
        return (
            f"ITFlow shows one client only, but the mirror knows {known}: as with an API key that is limited to one "
            f"client. {_WHAT_TO_DO}"
        )
    if lost > max_loss * known and (lost > LOSS_FLOOR or 2 * lost > known):
        return (
            f"{lost} of {known} known {module} are gone from ITFlow's answer (setting sync.max_loss: "
            f"{max_loss:.0%}). {_WHAT_TO_DO}"
        )
    return ""
