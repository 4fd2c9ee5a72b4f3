"""``# noqa`` comments for findings, written into the text; pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from torchdet.engine.suppress import NOQA
from torchdet.facts.tokens import comments
from torchdet.findings.run.unused_suppression.rule import RULE as UNUSED_SUPPRESSION
from torchdet.model.diagnostic import Diagnostic
from torchdet.model.source import SourceText


def add_noqa(source: SourceText, diagnostics: Iterable[Diagnostic]) -> str:
    """The text of ``source`` with a ``# noqa`` comment for each of ``diagnostics``.

    Codes join the ones of a comment that is there already; a bare ``# noqa`` is left as it is,
    and so are comments that suppress nothing.

    >>> add_noqa(SourceText("x.cuda()\\n"), [])
    'x.cuda()\\n'
    """
    codes: dict[int, set[str]] = defaultdict(set)
    for diagnostic in diagnostics:
        if diagnostic.code == UNUSED_SUPPRESSION.code:
            continue  # it is about a comment, and another comment would be as idle
        codes[diagnostic.noqa_row].add(diagnostic.code)
    text = source.text
    starts = {source.location(start).row: start for start, _ in comments(text)} if codes else {}
    for row in sorted(codes, reverse=True):
        line = source.line(row)
        start = source.offset(row, 1)
        annotated = _with_codes(
            line, starts.get(row, start + len(line)) - start, sorted(codes[row])
        )
        text = f"{text[:start]}{annotated}{text[start + len(line) :]}"
    return text


def _with_codes(line: str, comment: int, codes: Sequence[str]) -> str:
    """``line`` with ``codes`` in its comment, which begins at column ``comment``."""
    present = NOQA.search(line, comment)
    if present is None:
        return f"{line.rstrip()}  # noqa: {', '.join(codes)}"
    if present["codes"] is None:
        return line
    known = [code for code in re.split(r"[,\s]+", present["codes"].strip()) if code]
    every = [*known, *(code for code in codes if code not in known)]
    tail = line[present.end() :]
    gap = present["codes"][len(present["codes"].rstrip()) :] if tail.strip() else ""
    return f"{line[: present.start()]}# noqa: {', '.join(every)}{gap}{tail}"
