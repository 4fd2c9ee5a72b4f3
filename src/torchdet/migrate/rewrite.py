"""The third phase, for one file: its text after the rounds that were planned.

A round is a list of fixes for the text that the round before it left. Replaying them from the
file's bytes is cheap, so that no texts have to be kept or sent between the phases.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from torchdet.edit.apply import apply_fixes
from torchdet.edit.offset_map import OffsetMap
from torchdet.edit.verify import fault_of_edits
from torchdet.migrate.file_survey import Change
from torchdet.migrate.plan import FilePlan
from torchdet.model.fix import Fix
from torchdet.model.source import EncodeError, SourceText

Round = tuple[Fix, ...]
"""The fixes of one file that are made together."""


def digest_of(data: bytes) -> str:
    """What tells whether a file is still what was surveyed."""
    return hashlib.sha256(data).hexdigest()


def replay(source: SourceText, rounds: Sequence[Round]) -> SourceText:
    """``source`` after ``rounds``."""
    text = source.text
    for fixes in rounds:
        text = apply_fixes(text, fixes).text
    return source.with_text(text)


def origin(offset: int, rounds: Sequence[Round]) -> int:
    """Where in the file stood what has ``offset`` in its text after ``rounds``."""
    for fixes in reversed(rounds):
        offset = OffsetMap(edit for fix in fixes for edit in fix.edits).origin(offset)
    return offset


@dataclass(frozen=True, slots=True)
class Attempt:
    """The changes of a plan that stand up to verification, and those that do not, with a reason."""

    made: tuple[Change, ...]
    fixes: Round
    faulty: tuple[tuple[Change, str], ...]


def attempt(source: SourceText, plan: FilePlan) -> Attempt:
    """Make the changes of ``plan`` in ``source`` and see whether they did what they were meant to.

    Where the text after all of them does not parse, or its tree differs where no edit was made,
    halves are tried until those that fail are found and left out. Where the rest fail together,
    all are. Raises ``RecursionError`` for a file that is nested too deeply to be compared.
    """
    fault = _fault(source, plan.fixes)
    if fault is None:
        return Attempt(plan.changes, plan.fixes, ())
    faults = _faults(source, plan, fault)
    sound = tuple(change for change in plan.changes if id(change) not in faults)
    fixes = plan.fixes_of(sound)
    if not sound or _fault(source, fixes) is not None:
        return Attempt((), (), tuple((change, fault) for change in plan.changes))
    faulty = tuple((each, faults[id(each)]) for each in plan.changes if id(each) in faults)
    return Attempt(sound, fixes, faulty)


_MOST_TRIES = 64
"""Each try compares the whole file, so an unbounded number would make the work quadratic."""


def _faults(source: SourceText, plan: FilePlan, fault: str) -> dict[int, str]:
    """Why changes fail, by their ``id``: alone, or in a group after the last try.

    ``fault`` is that of all changes together.
    """
    faults: dict[int, str] = {}
    tries = 0
    groups = [(plan.changes, fault)]
    while groups:
        changes, reason = groups.pop()
        if len(changes) == 1 or tries >= _MOST_TRIES:
            faults.update((id(change), reason) for change in changes)
            continue
        middle = len(changes) // 2
        for half in (changes[:middle], changes[middle:]):
            tries += 1
            found = _fault(source, plan.fixes_of(half))
            if found is not None:
                groups.append((half, found))
    return faults


def _fault(source: SourceText, fixes: Round) -> str | None:
    applied = apply_fixes(source.text, fixes)
    if applied.skipped:
        return "edits overlap"
    try:
        source.encode(applied.text)
    except EncodeError as error:
        return str(error)
    edits = [edit for fix in fixes for edit in fix.edits]
    return fault_of_edits(source.text, applied.text, edits)
