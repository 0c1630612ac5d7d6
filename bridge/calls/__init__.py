"""Calls: what phone systems tell of them, as one model, and what becomes of them.

Adapters turn what a phone system says into ``Event``; they own no rules. A ``Call`` is what its events come to, in
whatever order and however often they came. The ``CallBook`` keeps both.
"""

from bridge.calls.call import Call, Outcome, Rung, State, Talk, call_of
from bridge.calls.event import Cause, Direction, Event, What

__all__ = ["Call", "Cause", "Direction", "Event", "Outcome", "Rung", "State", "Talk", "What", "call_of"]
