"""``# noqa`` comments for findings, written into the text; pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from torchdet.engine.suppress import NOQA
from torchdet.model.diagnostic import Diagnostic
from torchdet.model.source import SourceText


def add_noqa(source: SourceText, diagnostics: Iterable[Diagnostic]) -> str:
    """The text of ``source`` with a ``# noqa`` comment for each of ``diagnostics``.

    Codes join the ones of a comment that is there already; a bare ``# noqa`` is left as it is.

    >>> add_noqa(SourceText("x.cuda()\\n"), [])
    'x.cuda()\\n'
    """
    codes: dict[int, set[str]] = defaultdict(set)
    for diagnostic in diagnostics:
        codes[diagnostic.noqa_row].add(diagnostic.code)
    text = source.text
    for row in sorted(codes, reverse=True):
        line = source.line(row)
        start = source.offset(row, 1)
        text = text[:start] + _with_codes(line, sorted(codes[row])) + text[start + len(line) :]
    return text


def _with_codes(line: str, codes: Sequence[str]) -> str:
    comments = list(NOQA.finditer(line))
    if not comments:
        return f"{line.rstrip()}  # noqa: {', '.join(codes)}"
    present = comments[-1]  # earlier ones may stand in a string
    if present["codes"] is None:
        return line
    known = [code for code in re.split(r"[,\s]+", present["codes"].strip()) if code]
    every = [*known, *(code for code in codes if code not in known)]
    comment = f"# noqa: {', '.join(every)}"
    tail = line[present.end() :]
    gap = present["codes"][len(present["codes"].rstrip()) :] if tail.strip() else ""
    return f"{line[: present.start()]}{comment}{gap}{tail}"
