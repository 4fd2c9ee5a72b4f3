"""A program applies the runtime first thing: in `main`, in its `__main__` block, in a command.

Where the file binds a handle of its own it does so by applying the runtime, which is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchdet.edit.imports import import_name, imported_as, is_docstring, is_import_row
from torchdet.edit.node_edit import NodeEdit, StatementsBefore
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.codemod import Codemod, Finding, MigrationContext, Outcome, Refuse, Rewrite
from torchdet.findings.handle.torch_access import RUNTIME
from torchdet.findings.handle.torch_imports import Runs, torch_imports
from torchdet.reading.entry_points import EntryBody, EntryPoint

_APPLYING = "get_torch_handle"
_ONE_ROW = Grounds(
    "the program's first statement is on the line of its header, so that nothing fits before it",
    f"call `{_APPLYING}()` before it",
)
_ONLY_IMPORTS = Grounds(
    "the program is started by an import, so that no place is known to be before it",
    f"call `{_APPLYING}()` before the import that starts the program",
)


def rewrite(
    findings: Sequence[Finding[EntryPoint]], context: MigrationContext
) -> Iterator[Outcome]:
    """One outcome for each of ``findings``."""
    binds = context.access.factory == _APPLYING and any(
        each.runs is Runs.FIRST for each in torch_imports(context.facts)
    )
    for finding in findings:
        first = _first_row(finding.subject.body)
        if binds:
            yield Rewrite(finding, (), f"`{context.handle} = {_APPLYING}()`")
        elif first is None:
            imported = isinstance(finding.subject.body, cst.Module)
            yield Refuse(finding, _ONLY_IMPORTS if imported else _ONE_ROW)
        else:
            edits = (*_imported(context), StatementsBefore(first, (f"{_called(context)}()",)))
            yield Rewrite(finding, edits, f"`{_APPLYING}()` first", needs_handle=False)


def _called(context: MigrationContext) -> str:
    return imported_as(context.facts, RUNTIME, _APPLYING) or _APPLYING


def _imported(context: MigrationContext) -> tuple[NodeEdit, ...]:
    facts = context.facts
    if imported_as(facts, RUNTIME, _APPLYING) is not None:
        return ()
    body = facts.module.body
    before = next(
        (i for i, row in enumerate(body) if isinstance(row, (cst.FunctionDef, cst.ClassDef))),
        len(body),
    )
    own = context.rules.module_name.partition(".")[0]
    return import_name(facts, RUNTIME, _APPLYING, before=before, beside="torch", own=own)


def _first_row(entry: EntryBody) -> cst.CSTNode | None:
    """The statement before which the runtime is applied; None where none can stand there."""
    block = entry if isinstance(entry, cst.Module) else entry.body
    if isinstance(block, cst.SimpleStatementSuite):
        return None
    in_module = block is entry  # which imports what applies the runtime
    rows = (
        row
        for row in block.body
        if not is_docstring(row) and not (in_module and is_import_row(row))
    )
    return next(rows, None)


CODEMOD = Codemod(__name__, __doc__ or "", EntryPoint, rewrite)
