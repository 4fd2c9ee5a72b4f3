"""From reports to what the Language Server Protocol calls diagnostics, edits and actions.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from lsprotocol import types

from torchdet.engine.add_noqa import add_noqa
from torchdet.integrations.language_server.analysis import Checked
from torchdet.model.diagnostic import Confidence, Diagnostic, Severity
from torchdet.model.fix import Applicability, TextEdit
from torchdet.model.location import Location, Span
from torchdet.model.source import SourceText
from torchdet.report.characters import printable

SOURCE = "torchdet"
FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.{SOURCE}"

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}
_UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def characters_of(line: str, column: int, encoding: str) -> int:
    """The protocol's zero-based position of the one-based ``column`` in ``line``.

    >>> characters_of("\N{GRINNING FACE}x", 2, "utf-16")
    2
    """
    codec, size = _UNITS[encoding]
    return len(line[: column - 1].encode(codec, "surrogatepass")) // size


def column_of(line: str, character: int, encoding: str) -> int:
    """The one-based column at the protocol's position ``character`` of ``line``."""
    codec, size = _UNITS[encoding]
    before = line.encode(codec, "surrogatepass")[: character * size]
    return len(before.decode(codec, "ignore")) + 1


def ranged(checked: Checked, span: Span, encoding: str) -> tuple[str, types.Range]:
    """Where ``span`` is: the text, and the range in it."""
    uri, start = _position(checked, span.start, encoding)
    _, end = _position(checked, span.end, encoding)
    return uri, types.Range(start, end)


def _position(checked: Checked, place: Location, encoding: str) -> tuple[str, types.Position]:
    uri, row = checked.document.place(checked.report, place.row)
    line = checked.document.line(uri, row)
    return uri, types.Position(row - 1, characters_of(line, place.column, encoding))


def diagnostics(checked: Checked, encoding: str) -> dict[str, list[types.Diagnostic]]:
    """The diagnostics of each text of the document; an empty list where there are none."""
    found: dict[str, list[types.Diagnostic]] = {uri: [] for uri in checked.document.uris()}
    for each in checked.report.diagnostics:
        if each.failure and checked.report.cells == () and len(found) != 1:
            uri = next(iter(found), "")  # why a notebook cannot be read stands in its first cell
            place = types.Range(types.Position(0, 0), types.Position(0, 0))
        else:
            uri, place = ranged(checked, each.span, encoding)
        if uri in found:
            found[uri].append(_diagnostic(each, place))
    return found


def _diagnostic(each: Diagnostic, place: types.Range) -> types.Diagnostic:
    likely = " (likely)" if each.confidence is Confidence.LIKELY else ""
    return types.Diagnostic(
        place,
        f"{printable(each.message)}{likely}",
        severity=_SEVERITIES[each.severity],
        code=each.code,
        code_description=types.CodeDescription(each.url),
        source=SOURCE,
    )


def at(checked: Checked, uri: str, place: types.Range, encoding: str) -> Iterator[Diagnostic]:
    """The diagnostics in the text ``uri`` that touch ``place``."""
    for each in checked.report.diagnostics:
        if each.failure:
            continue
        where, span = ranged(checked, each.span, encoding)
        if where == uri and span.start <= place.end and span.end >= place.start:
            yield each


def fix_edit(
    checked: Checked, edits: Iterable[TextEdit], encoding: str
) -> types.WorkspaceEdit | None:
    """``edits`` as a change of the texts; None where one of them crosses two cells."""
    changes: dict[str, list[types.TextEdit]] = {}
    for edit in edits:
        uri, place = ranged(checked, edit.span, encoding)
        if place.end < place.start:
            return None
        changes.setdefault(uri, []).append(types.TextEdit(place, edit.content))
    return types.WorkspaceEdit(changes=changes)


def title(each: Diagnostic) -> str:
    """What an editor calls the fix of a diagnostic."""
    assert each.fix is not None
    unsafe = "" if each.fix.applicability is Applicability.SAFE else ", may change behavior"
    return f"{each.fix.message} ({each.code}{unsafe})"


def suppression_edit(checked: Checked, each: Diagnostic) -> types.WorkspaceEdit:
    """A comment that suppresses the diagnostic ``each``."""
    uri, row = checked.document.place(checked.report, each.noqa_row)
    line = checked.document.line(uri, row)
    place = Location(1, 1, 0)
    here = Diagnostic(
        each.code, each.name, each.severity, each.message, Span(place, place), noqa_row=1
    )
    after = add_noqa(SourceText(line), [here])
    end = types.Position(row - 1, 2**31 - 1)  # editors take what is too far for the line's end
    edit = types.TextEdit(types.Range(types.Position(row - 1, 0), end), after)
    return types.WorkspaceEdit(changes={uri: [edit]})


def line_edits(before: str, after: str) -> list[types.TextEdit]:
    """The edits of whole lines that make ``after`` of ``before``."""
    old, new = _lines(before), _lines(after)
    edits = []
    for kind, first, last, begin, end in SequenceMatcher(None, old, new, False).get_opcodes():
        if kind != "equal":
            place = types.Range(types.Position(first, 0), types.Position(last, 0))
            if last == len(old) and old and not old[-1].endswith(("\n", "\r")):
                place.end = types.Position(last - 1, 2**31 - 1)
                if first == last:
                    place.start = place.end
            edits.append(types.TextEdit(place, "".join(new[begin:end])))
    return edits


def _lines(text: str) -> list[str]:
    source = SourceText(text)
    starts = [source.offset(row, 1) for row in range(1, source.row_count + 1)]
    ends = [*starts[1:], len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]
