"""The whole account of a migration, as JSON or Markdown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from torchdet.model.diagnostic import Diagnostic
from torchdet.model.location import Location
from torchdet.model.migration import Account, FileMigration
from torchdet.report.characters import json_text, printable
from torchdet.report.wording import count

_Object = dict[str, object]


def render_json(account: Account) -> str:
    """Everything, file by file, as one object."""
    whole: _Object = {
        "written": account.written,
        "changed": _by_code(code for file in account.files for code in _made_codes(file)),
        "refused": _by_code(each.code for file in account.files for each in file.refusals),
        "files": [_file(file) for file in account.files if _is_news(file)],
        "undeclared_dependencies": [
            {"filename": each.path, "row": each.row, "line": each.line}
            for each in account.undeclared
        ],
    }
    return json_text(whole)


def _is_news(file: FileMigration) -> bool:
    return bool(file.made or file.refusals or file.failed)


def _made_codes(file: FileMigration) -> Iterator[str]:
    return (each.code for each in file.made)


def _by_code(codes: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(codes).items()))


def _file(file: FileMigration) -> _Object:
    return {
        "filename": file.path,
        "failures": [_failure(each) for each in _failures_of(file)],
        "changes": [
            {"code": each.code, "location": _place(each.location), "message": each.message}
            for each in file.made
        ],
        "refusals": [
            {
                "code": each.code,
                "location": _place(each.location),
                "reason": each.reason,
                "advice": each.advice,
            }
            for each in file.refusals
        ],
    }


def _failures_of(file: FileMigration) -> tuple[Diagnostic, ...]:
    return () if file.failed is None else file.failed.failures


def _failure(failure: Diagnostic) -> _Object:
    return {
        "code": failure.code,
        "location": _place(failure.span.start),
        "message": failure.message,
    }


def _place(location: Location) -> _Object:
    return {"row": location.row, "column": location.column}


def render_markdown(account: Account) -> str:
    """The same for people: counts first, then what is left to do, then every change."""
    return "\n".join(
        [
            "# Migration to the torchdet runtime",
            "",
            *_totals(account),
            *_dependencies(account),
            *_failures(account),
            *_refusals(account),
            *_changes(account),
        ]
    )


def _totals(account: Account) -> Iterator[str]:
    verb = "changed" if account.written else "would change"
    made = Counter(code for file in account.files for code in _made_codes(file))
    refused = Counter(each.code for file in account.files for each in file.refusals)
    files = sum(1 for file in account.files if file.made)
    yield f"{count(len(account.files), 'file')} surveyed, {files} {verb}."
    yield ""
    yield f"| rule | {verb} | refused |"
    yield "|---|--:|--:|"
    for code in sorted(made.keys() | refused.keys()):
        yield f"| {code} | {made[code]} | {refused[code]} |"
    yield ""


def _dependencies(account: Account) -> Iterator[str]:
    if account.undeclared:
        yield "## Dependencies to declare"
        yield ""
        for each in account.undeclared:
            yield f"- {_code(each.path)}, beside row {each.row}: {_code(each.line)}"
        yield ""


def _failures(account: Account) -> Iterator[str]:
    failures = [(file.path, each) for file in account.files for each in _failures_of(file)]
    if failures:
        yield "## What could not be migrated"
        yield ""
        for path, each in failures:
            place = _code(f"{path}:{each.span.start.row}")
            yield f"- {place}: {each.code} {printable(each.message)}"
        yield ""


def _refusals(account: Account) -> Iterator[str]:
    rows = [(file.path, each) for file in account.files for each in file.refusals]
    if rows:
        yield "## Left for a person"
        yield ""
        yield "| place | rule | why it was left | what to do |"
        yield "|---|---|---|---|"
        for path, each in rows:
            place = _cell(_code(f"{path}:{each.location.row}"))
            yield f"| {place} | {each.code} | {_cell(each.reason)} | {_cell(each.advice)} |"
        yield ""


def _changes(account: Account) -> Iterator[str]:
    rows = [(file.path, each) for file in account.files for each in file.made]
    if rows:
        yield "## Changes"
        yield ""
        yield "| place | rule | change |"
        yield "|---|---|---|"
        for path, each in rows:
            place = _cell(_code(f"{path}:{each.location.row}"))
            yield f"| {place} | {each.code} | {_cell(each.message)} |"
        yield ""


def _code(text: str) -> str:
    """``text`` as code, whatever it holds (https://spec.commonmark.org/0.31.2/#code-spans)."""
    shown = printable(text)
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    inside = f" {shown} " if shown.startswith("`") or shown.endswith("`") else shown
    return f"{fence}{inside}{fence}"


def _cell(text: str) -> str:
    return printable(text).replace("|", "\\|")
