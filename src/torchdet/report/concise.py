"""``concise``: a line for each diagnostic, ``path:row:column: CODE message``, as ruff has it."""

from __future__ import annotations

from collections.abc import Sequence

from torchdet.model.diagnostic import Confidence, Diagnostic, FileReport
from torchdet.model.fix import Applicability
from torchdet.report.ansi import BOLD, CYAN, Paint
from torchdet.report.characters import printable
from torchdet.report.options import RenderOptions
from torchdet.report.summary import summary


def render(reports: Sequence[FileReport], options: RenderOptions) -> str:
    """One line a diagnostic, then the summary. ``[*]`` marks what a safe fix can mend.

    A finding that is likely and not certain says so at its end.
    """
    paint = Paint(options.colour, options.links)
    lines = [
        f"{place(report, diagnostic, paint)} {_statement(diagnostic, paint)}\n"
        for report in reports
        for diagnostic in report.diagnostics
    ]
    if options.summary:
        lines.append(f"{summary(reports, options)}\n")
    return "".join(lines)


def place(report: FileReport, diagnostic: Diagnostic, paint: Paint) -> str:
    """``path:row:column:``, which terminals and editors turn into a link.

    In a notebook it is ``path:cell 3:row:column:``, and the row is that of the cell.
    """
    row, column, _ = diagnostic.span.start
    colon = paint(":", CYAN)
    cell = report.cell(row)
    inside = "" if cell is None else f"cell {cell}{colon}"
    path = paint(printable(report.path), BOLD)
    return f"{path}{colon}{inside}{report.row(row)}{colon}{column}{colon}"


def _statement(diagnostic: Diagnostic, paint: Paint) -> str:
    fix = diagnostic.fix
    safe = fix is not None and fix.applicability is Applicability.SAFE
    mark = f" [{paint('*', CYAN)}]" if safe else ""
    linked = paint.link(diagnostic.code, diagnostic.url)
    code = paint.severity(linked, diagnostic.severity)
    likely = " (likely)" if diagnostic.confidence is Confidence.LIKELY else ""
    return f"{code}{mark} {printable(diagnostic.message)}{likely}"
