"""One file, changed in rounds until nothing is left to change. Writes nothing.

A change that is made in one place may lay bare another, and those that overlap wait for each other.
So changes are chosen, made and verified, and the text that comes out is looked at again. Rounds are
plain data: replaying them from the file's bytes is cheap, and they go between processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Generic, Protocol, TypeVar

from torchdet.edit.apply import EditSet, apply_fixes
from torchdet.edit.offset_map import OffsetMap
from torchdet.edit.verify import fault_of_edits
from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.model.fix import Fix, TextEdit
from torchdet.model.source import EncodeError, SourceText

MAX_ROUNDS = 20
"""Changes that overlap wait for the next round, so that this bounds how deep they may nest."""

_MOST_TRIES = 64
"""Each try compares the whole file, so an unbounded number would make the work quadratic."""


class Changing(Protocol):
    """One change of a text: all of its edits are made, or none."""

    @property
    def fix(self) -> Fix:
        """The edits of this change alone."""


_Change = TypeVar("_Change", bound=Changing)
_Found = TypeVar("_Found")


class UncheckableError(Exception):
    """A text cannot be looked at, for the reason that is told."""


class Work(Protocol[_Found, _Change]):
    """What is repeated."""

    def look(self, source: SourceText) -> _Found:
        """What is to be found in ``source``. Raises ``UncheckableError``."""

    def choose(self, found: _Found) -> Sequence[_Change]:
        """The changes to make because of ``found``; empty if there are none, or none yet."""

    def shared(self, found: _Found, changes: Sequence[_Change]) -> Sequence[Fix]:
        """What ``changes`` need that is made once for all of them, such as an import."""


class Stop(Enum):
    """Why rounds ended although changes were left; the words follow "the changes"."""

    CIRCLE = "undo each other"
    UNSETTLED = f"do not settle in {MAX_ROUNDS} rounds"


@dataclass(frozen=True, slots=True)
class Round(Generic[_Change]):
    """Changes that are made together, with what they share."""

    changes: tuple[_Change, ...]
    shared: tuple[Fix, ...]

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """All that is applied, in this order."""
        return (*self.shared, *(change.fix for change in self.changes))


@dataclass(frozen=True, slots=True)
class Progress(Generic[_Found, _Change]):
    """How far a file is: ``found`` is what is in its text after ``rounds``.

    ``faulty`` are changes that could not be made, each with the reason, and ``stop`` says why no
    round follows although there is more to change. Either ends the rounds for good.
    """

    found: _Found
    rounds: tuple[Round[_Change], ...] = ()
    faulty: tuple[tuple[_Change, str], ...] = ()
    stop: Stop | None = None

    @property
    def has_ended(self) -> bool:
        """Whether no further round is possible."""
        return self.stop is not None or bool(self.faulty)


def advance(
    source: SourceText,
    progress: Progress[_Found, _Change],
    work: Work[_Found, _Change],
    *,
    leave_out_faulty: bool,
) -> Progress[_Found, _Change]:
    """Make rounds until nothing is chosen; ``source`` is the text before all of them.

    A change is faulty when the text with it does not parse, differs where no edit was made, or
    cannot be encoded. With ``leave_out_faulty`` the others of its round are made all the same.
    """
    return run_with_deep_stack(lambda: _advance(source, progress, work, leave_out_faulty))


def _advance(
    source: SourceText,
    progress: Progress[_Found, _Change],
    work: Work[_Found, _Change],
    leave_out_faulty: bool,
) -> Progress[_Found, _Change]:
    texts = [source.text]
    for done in progress.rounds:
        texts.append(apply_fixes(texts[-1], done.fixes).text)
    while not progress.has_ended:
        changes = work.choose(progress.found)
        if not changes:
            return progress
        if len(progress.rounds) == MAX_ROUNDS:
            return replace(progress, stop=Stop.UNSETTLED)
        before = source.with_text(texts[-1])
        together = partial(_together, work, progress.found)
        tried = _attempt(before, without_overlaps(changes, together), together, leave_out_faulty)
        if not tried.made.changes:
            return replace(progress, faulty=tried.faulty)
        after = before.with_text(apply_fixes(before.text, tried.made.fixes).text)
        if after.text in texts:
            return replace(progress, stop=Stop.CIRCLE)
        try:
            found = work.look(after)
        except UncheckableError as error:
            reason = f"the changed text cannot be checked: {error}"
            return replace(progress, faulty=tuple((each, reason) for each in tried.made.changes))
        texts.append(after.text)
        progress = Progress(found, (*progress.rounds, tried.made))
    return progress


def replay(source: SourceText, rounds: Iterable[Round[_Change]]) -> SourceText:
    """``source`` after ``rounds``."""
    text = source.text
    for done in rounds:
        text = apply_fixes(text, done.fixes).text
    return source.with_text(text)


def offset_maps(rounds: Iterable[Round[_Change]]) -> tuple[OffsetMap, ...]:
    """Where each of ``rounds`` moved the text."""
    edits = ((edit for fix in done.fixes for edit in fix.edits) for done in rounds)
    return tuple(map(OffsetMap, edits))


def origin(offset: int, maps: Sequence[OffsetMap]) -> int:
    """Where in the file stood what has ``offset`` in its text after the rounds of ``maps``."""
    for each in reversed(maps):
        offset = each.origin(offset)
    return offset


_Together = Callable[[Sequence[_Change]], Round[_Change]]
"""Makes a round of changes: adds what they share, which comes first."""


def _together(
    work: Work[_Found, _Change], found: _Found, changes: Sequence[_Change]
) -> Round[_Change]:
    return Round(tuple(changes), tuple(work.shared(found, changes)))


def without_overlaps(
    changes: Sequence[_Change], together: _Together[_Change]
) -> tuple[_Change, ...]:
    """``changes`` without those whose edits overlap a larger one's, in their order.

    Those that overlap what others share wait until it is made: an unused import may go together
    with the blank rows below it, where the handle is put.
    """
    shared = [edit for fix in together(changes).shared for edit in fix.edits]
    beside = _disjoint(changes, shared)
    if not shared or together(beside).shared:
        return beside
    return _disjoint([each for each in changes if not together([each]).shared] or changes, ())


def _disjoint(changes: Sequence[_Change], around: Iterable[TextEdit]) -> tuple[_Change, ...]:
    """As many of ``changes`` as overlap neither each other nor ``around``, the largest first."""
    taken = EditSet()
    for edit in around:
        taken.add(edit)
    chosen: set[int] = set()
    by_size = sorted(range(len(changes)), key=lambda index: -_largest(changes[index].fix))
    for index in by_size:
        edits = changes[index].fix.edits
        if not any(map(taken.overlap, edits)):
            chosen.add(index)
            for edit in edits:
                taken.add(edit)
    return tuple(change for index, change in enumerate(changes) if index in chosen)


def _largest(fix: Fix) -> int:
    return max((edit.span.end.offset - edit.span.start.offset for edit in fix.edits), default=0)


@dataclass(frozen=True, slots=True)
class _Attempt(Generic[_Change]):
    """The changes that stand up to verification, and those that do not, with a reason."""

    made: Round[_Change]
    faulty: tuple[tuple[_Change, str], ...] = ()


def _attempt(
    source: SourceText, changes: tuple[_Change, ...], together: _Together[_Change], halve: bool
) -> _Attempt[_Change]:
    """Make ``changes`` in ``source`` and see whether they did what they were meant to.

    Where they do not, and with ``halve``, halves are tried until those that fail are found and left
    out. Where the rest fail together, all are.
    """
    whole = together(changes)
    fault = _fault(source, whole.fixes)
    if fault is None:
        return _Attempt(whole)
    faults = _faults(source, changes, together, fault) if halve else {}
    sound = together([change for change in changes if id(change) not in faults])
    if not sound.changes or _fault(source, sound.fixes) is not None:
        return _Attempt(Round((), ()), tuple((change, fault) for change in changes))
    faulty = tuple((each, faults[id(each)]) for each in changes if id(each) in faults)
    return _Attempt(sound, faulty)


def _faults(
    source: SourceText, changes: tuple[_Change, ...], together: _Together[_Change], fault: str
) -> dict[int, str]:
    """Why changes fail, by their ``id``: alone, or in a group after the last try.

    ``fault`` is that of all changes together.
    """
    faults: dict[int, str] = {}
    tries = 0
    groups = [(changes, fault)]
    while groups:
        group, reason = groups.pop()
        if len(group) == 1 or tries >= _MOST_TRIES:
            faults.update((id(change), reason) for change in group)
            continue
        middle = len(group) // 2
        for half in (group[:middle], group[middle:]):
            tries += 1
            found = _fault(source, together(half).fixes)
            if found is not None:
                groups.append((half, found))
    return faults


def _fault(source: SourceText, fixes: Sequence[Fix]) -> str | None:
    applied = apply_fixes(source.text, fixes)
    if applied.skipped:
        return "edits overlap"
    try:
        source.encode(applied.text)
        edits = [edit for fix in fixes for edit in fix.edits]
        return fault_of_edits(source.text, applied.text, edits)
    except EncodeError as error:
        return f"the text cannot be written: {error}"
    except RecursionError:
        return "the file is nested too deeply to compare it after the change"
