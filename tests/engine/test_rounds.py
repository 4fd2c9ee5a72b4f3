"""Changes of one text, round after round."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torchdet.engine.rounds import (
    MAX_ROUNDS,
    Progress,
    Round,
    Stop,
    UncheckableError,
    advance,
    offset_maps,
    origin,
    replay,
    without_overlaps,
)
from torchdet.model.fix import Applicability, Fix, TextEdit
from torchdet.model.location import Span
from torchdet.model.source import SourceText


@dataclass(frozen=True)
class Renaming:
    """One change: a word that becomes another."""

    fix: Fix
    imported: bool = False


def fix(start: int, end: int, text: str) -> Fix:
    source = SourceText(" " * (end + 1))
    edit = TextEdit(Span(source.location(start), source.location(end)), text)
    return Fix("rename", Applicability.SAFE, (edit,))


IMPORT = fix(0, 0, "import new\n")


@dataclass(frozen=True)
class Renamings:
    """Renames the words of a table; a new name with a dot needs an import."""

    table: dict[str, str]
    checked: Callable[[str], None] = lambda text: None

    def look(self, source: SourceText) -> str:
        self.checked(source.text)
        return source.text

    def choose(self, found: str) -> list[Renaming]:
        return [
            Renaming(fix(match.start(), match.end(), new), "." in new)
            for old, new in self.table.items()
            for match in re.finditer(rf"\b{old}\b", found)
        ]

    def shared(self, found: str, changes: Sequence[Renaming]) -> list[Fix]:
        needed = "import new" not in found and any(change.imported for change in changes)
        return [IMPORT] if needed else []


def run(text: str, work: Renamings, *, leave_out: bool = True) -> Progress[str, Renaming]:
    source = SourceText(text)
    progress = advance(source, Progress(text), work, leave_out_faulty=leave_out)
    assert replay(source, progress.rounds).text == progress.found
    return progress


def test_rounds_go_on_until_nothing_is_chosen() -> None:
    progress = run("a = 1\n", Renamings({"a": "b", "b": "c"}))
    assert progress.found == "c = 1\n"
    assert len(progress.rounds) == 2
    assert not progress.has_ended


def test_what_several_changes_need_is_made_once_and_in_their_round() -> None:
    progress = run("x = a\ny = a\nz = b\n", Renamings({"a": "new.thing", "b": "c"}))
    assert progress.found == "import new\nx = new.thing\ny = new.thing\nz = c\n"
    (only,) = progress.rounds
    assert only.shared == (IMPORT,)
    assert len(only.changes) == 3


def test_a_faulty_change_is_left_out_or_spoils_all() -> None:
    work = Renamings({"a": "1 2", "b": "c"})
    left_out, spoilt = run("x = a\ny = b\n", work), run("x = a\ny = b\n", work, leave_out=False)
    assert left_out.found == "x = a\ny = c\n"
    assert spoilt.found == "x = a\ny = b\n"
    for progress in (left_out, spoilt):
        assert "does not parse" in progress.faulty[0][1]
        assert progress.has_ended


def test_nothing_is_shared_by_changes_that_are_left_out() -> None:
    progress = run("x = a\ny = b\n", Renamings({"a": "new.1", "b": "c"}))
    assert progress.found == "x = a\ny = c\n"


def test_changes_that_undo_each_other_and_those_that_never_end() -> None:
    assert run("a = 1\n", Renamings({"a": "b", "b": "a"})).stop is Stop.CIRCLE
    growing = run("x = a\n", Renamings({"a": "a(a)"}, _at_most(2)), leave_out=False)
    assert growing.faulty[0][1] == "the changed text cannot be checked: too long"
    endless = run("x0 = 1\n", Renamings({f"x{i}": f"x{i + 1}" for i in range(100)}))
    assert endless.stop is Stop.UNSETTLED
    assert len(endless.rounds) == MAX_ROUNDS


def _at_most(calls: int) -> Callable[[str], None]:
    def check(text: str) -> None:
        if text.count("(") > calls:
            raise UncheckableError("too long")

    return check


def test_rounds_are_resumed_where_they_ended() -> None:
    source, first = SourceText("a = 1\n"), run("a = 1\n", Renamings({"a": "b"}))
    resumed = advance(source, first, Renamings({"b": "c", "c": "a"}), leave_out_faulty=True)
    assert resumed.stop is Stop.CIRCLE  # the text before the first round counts, too
    assert len(resumed.rounds) == 2


def test_places_lead_back_to_the_first_text() -> None:
    progress = run("x = a\nlast\n", Renamings({"a": "new.thing"}))
    maps = offset_maps(progress.rounds)
    assert origin(progress.found.index("last"), maps) == 6
    assert origin(progress.found.index("x"), maps) == 0


def disjoint(*fixes: Fix, shared: Fix | None = None) -> list[Fix]:
    changes = [Renaming(each, each.edits[0].content == "new") for each in fixes]

    def together(chosen: Sequence[Renaming]) -> Round[Renaming]:
        needed = shared is not None and any(each.imported for each in chosen)
        return Round(tuple(chosen), (shared,) if needed and shared is not None else ())

    return [each.fix for each in without_overlaps(changes, together)]


def test_a_change_inside_a_larger_one_waits() -> None:
    inner, outer, apart = fix(4, 6, "a"), fix(0, 10, "b"), fix(12, 14, "c")
    assert disjoint(inner, outer, apart) == [outer, apart]


def test_changes_that_only_touch_are_made_together() -> None:
    left, right = fix(0, 4, "a"), fix(4, 6, "b")
    assert disjoint(left, right) == [left, right]


def test_what_overlaps_the_shared_edits_waits_until_they_are_made() -> None:
    shared, needing, around = fix(8, 8, "import"), fix(14, 16, "new"), fix(0, 10, "")
    assert disjoint(around, needing, shared=shared) == [needing]
    assert disjoint(around, shared=shared) == [around]
    inside = fix(2, 12, "new")  # needs what it would overwrite
    assert disjoint(fix(20, 22, "x"), inside, shared=shared) == [fix(20, 22, "x")]
