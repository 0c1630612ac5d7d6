"""Which name a caller gets: from a number to the text that a phone shows, from memory alone.

The rules, the same answer every time. The first column is what ``Rule`` calls them:

============  ==========================================================================================
withheld      The caller hides the number: no name.
two readings  The number can be read as two numbers (how the trunk writes them is unknown), and both are
              somebody's, not the same one's: no name.
contact       1. One contact has the number: the contact, by the key's label. An extension that was sent
              and that a contact has decides among several.
client        2. Several contacts or locations of one client have it: the client's name.
two           3. Two clients have it: both names, or none (``callerid.several_clients``).
crowd         More than two have it: no name.
location      4. One location has it: ``Client, Location``.
vendor        4. One vendor has it, or one vendor that is kept for several clients: the vendor's name.
main line     5. Nobody has it, but it begins with a fixed line of one client and has at most
              ``callerid.main_line_digits`` digits more, in a country with open numbering: the client's
              name, or the contact whose extension those digits are.
unknown       None of these: no name.
============  ==========================================================================================

6. Archived people and clients are never shown; leads are a setting (``callerid.leads``).
7. The clients of the key are applied before all rules.

``answer`` is what every interface asks; ``lookup`` decides, ``text`` makes names safe for phones, ``facts`` gives a
verdict to programs and ``explain`` to people.
"""

from bridge.callerid.answer import Answer, Interface, answer, denied, failed
from bridge.callerid.explain import Explanation, explain
from bridge.callerid.facts import ExtensionOf, facts, nobody
from bridge.callerid.lookup import Asker, Result, Rule, Verdict, lookup
from bridge.callerid.text import safe

__all__ = [
    "Answer",
    "Asker",
    "Explanation",
    "ExtensionOf",
    "Interface",
    "Result",
    "Rule",
    "Verdict",
    "answer",
    "denied",
    "explain",
    "facts",
    "failed",
    "lookup",
    "nobody",
    "safe",
]
