"""Where to look for a difference of which only the step is known. Pure decisions.

A program that varies by chance may differ elsewhere each time it is run, and what differs in a step
may have begun in a tensor long before. So what a window of steps shows counts only if it began
there; otherwise the window grows.
"""

from __future__ import annotations

from torchdet.verify.comparison.divergence import Cause, Divergence
from torchdet.verify.comparison.run_comparison import RunComparison
from torchdet.verify.recording_spec import Window
from torchdet.verify.trace.records import OperationFlag

_GROWTH = 8


def next_window(window: Window, seen: RunComparison) -> Window | None:
    """The steps to record next, or None if what two runs have shown began in ``window``."""
    earlier = [each.step for each in seen.step_divergences if each.step < window.first]
    if earlier:
        return Window(earlier[0], window.last)
    wider = _GROWTH * (window.last - window.first + 1)
    if not seen.divergences:
        later = [each.step for each in seen.step_divergences]
        return Window(window.first, max([window.last, *later]) + (0 if later else wider))
    found = seen.divergences[0]
    if window.first > 1 and (_is_inherited(found) or _is_moved(found, window, seen)):
        return Window(max(1, window.first - wider), window.last)
    return None


def _is_inherited(found: Divergence) -> bool:
    """Whether a tensor differs that the window did not see being written."""
    if found.cause is not Cause.MEMORY or found.first is None or found.second is None:
        return False
    one, other = found.first.record, found.second.record
    return one.inputs != other.inputs and not one.flags & OperationFlag.UNINITIALISED


def _is_moved(found: Divergence, window: Window, seen: RunComparison) -> bool:
    """Whether a seeded generator stood elsewhere before the window."""
    if found.cause is not Cause.RANDOM or found.first is None or found.first.seeding is None:
        return False
    is_seeded = found.first.seeding.seed is not None
    return is_seeded and seen.generators_differ(found.place, window.first - 1)
