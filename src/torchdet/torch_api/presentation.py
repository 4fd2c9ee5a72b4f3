"""The catalogue of operations for its readers: text, a page of Markdown, and plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from textwrap import fill

from torchdet.torch_api.condition_language import RUNTIME_FACTS
from torchdet.torch_api.operations import (
    Behaviour,
    Evidence,
    EvidenceKind,
    Operation,
    OperationDevice,
    OperationKind,
    Pass,
    Version,
)
from torchdet.torch_api.stand_ins import stand_ins_of

_DEVICES = {
    OperationDevice.ANY: "any device",
    OperationDevice.CPU: "the CPU",
    OperationDevice.CUDA: "CUDA",
    OperationDevice.MPS: "MPS",
    OperationDevice.XPU: "XPU",
}
_PASSES = {Pass.BACKWARD: "backward pass", Pass.BOTH: "both passes", Pass.FORWARD: "forward pass"}
_ANSWERS = {
    Behaviour.ERRORS: "no; raises in deterministic mode",
    Behaviour.FILLS: "no; deterministic mode fills the memory",
    Behaviour.SILENT: "no; stays so in deterministic mode, in silence",
    Behaviour.SWITCHES: "not by itself; deterministic mode takes another algorithm",
    Behaviour.UNAFFECTED: "deterministic mode changes nothing",
}
_KINDS = {
    OperationKind.OPERATION: "Operations",
    OperationKind.MODULE: "Modules",
    OperationKind.FUNCTIONAL: "Functionals",
    OperationKind.RANDOM: "Random numbers",
    OperationKind.DATA_LOADER: "Loading data",
    OperationKind.OPTIMIZER: "Optimizers and mixed precision",
    OperationKind.FLAG: "Flags and settings",
    OperationKind.ENVIRONMENT: "Environment variables",
}
_EVIDENCE = {
    EvidenceKind.CPU: "seen on a CPU",
    EvidenceKind.CUDA: "seen on a GPU",
    EvidenceKind.DOCUMENTED: "documented",
    EvidenceKind.REPORTED: "reported",
    EvidenceKind.SOURCE: "read in the source",
}
_WIDEST = 100  # longer lines of prose are hard to read
_ORIGIN = "<!-- Generated from the catalogue's data by docs/generate_catalogue.py. -->"
_INTRODUCTION = """\
# The catalogue of operations

What PyTorch computes differently from run to run, where, and what
`torch.use_deterministic_algorithms(True)` does about it. One row an operation; `torchdet catalogue
NAME` shows a row with its spellings and sources, in whatever spelling it is asked for.

*In deterministic mode* is one of: **errors** (it raises), **switches** (a deterministic and often
slower algorithm runs), **silent** (it stays nondeterministic, and nothing says so), **fills**
(memory that was not initialised is filled) and **unaffected** (the mode changes nothing: the
operation is deterministic, or depends on something else, such as a seed).

*Known by* says what speaks for a row: the documentation, PyTorch's sources (with the release or
the date that was read), a report, or a run on a CPU or GPU, with the release of PyTorch.

The data lies in `src/torchdet/torch_api/operations.csv`; the language of its conditions is
described in `condition_language.py` beside it."""


def operation_text(operation: Operation) -> str:
    """All about one row, as lines of text; the first is the row's name."""
    facts = {
        "deterministic?": _ANSWERS[operation.behaviour],
        "where": where(operation),
        "when": operation.when,
        "condition": str(operation.condition),
        "instead": operation.instead,
        "stand-in": ", ".join(stand_ins_of(operation)) or "none",
        "since when": releases(operation),
        "known by": "; ".join(map(evidence_text, operation.evidence)),
        "source": operation.source,
        "spellings": ", ".join(operation.spellings),
    }
    margin = 2 + max(map(len, facts)) + 2
    paragraphs = (
        fill(
            text,
            _WIDEST,
            initial_indent=f"  {name}".ljust(margin),
            subsequent_indent=" " * margin,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for name, text in facts.items()
    )
    return "\n".join([operation.name, *paragraphs]) + "\n"


def where(operation: Operation) -> str:
    """Pass and devices in words."""
    devices = " and ".join(_DEVICES[device] for device in operation.devices)
    return f"{_PASSES[operation.direction]}, {devices}"


def releases(operation: Operation) -> str:
    """The releases for which the row holds, with their history."""
    bounds = [
        *([f"from {_release(operation.since)} on"] if operation.since else []),
        *([f"before {_release(operation.until)}"] if operation.until else []),
    ]
    text = ", ".join(bounds) or "all that were looked at"
    return f"{text} ({operation.history})" if operation.history else text


def evidence_text(evidence: Evidence) -> str:
    """One piece of evidence in words.

    >>> evidence_text(Evidence(EvidenceKind.CUDA, "2.13.0", "NVIDIA H200"))
    'seen on a GPU (2.13.0, NVIDIA H200)'
    """
    details = ", ".join(part for part in (evidence.release, evidence.machine) if part)
    return _EVIDENCE[evidence.kind] + (f" ({details})" if details else "")


def operation_object(operation: Operation) -> dict[str, object]:
    """One row as plain data, for JSON."""
    replacement = operation.replacement
    return {
        "name": operation.name,
        "kind": operation.kind.value,
        "spellings": list(operation.spellings),
        "pass": operation.direction.value,
        "devices": [device.value for device in operation.devices],
        "condition": str(operation.condition),
        "if-unknown": operation.if_unknown.value,
        "when": operation.when,
        "behaviour": operation.behaviour.value,
        "instead": operation.instead,
        "stand-ins": list(stand_ins_of(operation)),
        "replacement": None
        if replacement is None
        else {
            "text": replacement.text,
            "condition": str(replacement.condition),
            "sameness": replacement.sameness.value,
        },
        "since": _release(operation.since),
        "until": _release(operation.until),
        "history": operation.history,
        "source": operation.source,
        "evidence": [
            {"kind": each.kind.value, "release": each.release, "machine": each.machine}
            for each in operation.evidence
        ],
    }


def search_row(operation: Operation) -> dict[str, object]:
    """What the search of the site needs of one row, as plain data."""
    return {
        "name": operation.name,
        "spellings": list(operation.spellings),
        "devices": [device.value for device in operation.devices],
        "answer": _ANSWERS[operation.behaviour],
        "where": where(operation),
        "when": operation.when,
        "instead": ", or ".join([operation.instead, *stand_ins_of(operation)]),
        "releases": releases(operation),
        "since": _release(operation.since),
        "until": _release(operation.until),
    }


def operation_lines(operations: Iterable[Operation]) -> str:
    """One line an operation: behaviour, place and name, in columns."""
    rows = [(each.behaviour.value, where(each), each.name) for each in operations]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "".join(
        f"{behaviour:<{widths[0]}}  {place:<{widths[1]}}  {name}\n"
        for behaviour, place, name in rows
    )


def catalogue_page(operations: Mapping[str, Operation]) -> str:
    """The page of all rows, as Markdown: a table for each kind."""
    order = list(_KINDS)
    ordered = sorted(operations.values(), key=lambda each: order.index(each.kind))
    parts = [_ORIGIN, _INTRODUCTION]
    for kind, members in groupby(ordered, key=lambda each: each.kind):
        header = (
            "| operation | where | when | in deterministic mode | instead | releases | known by |\n"
            "| --- | --- | --- | --- | --- | --- | --- |"
        )
        rows = "\n".join(map(_table_row, members))
        parts += [f"## {_KINDS[kind]}", f"{header}\n{rows}"]
    facts = "\n".join(f"- `{name}`: {_escaped(text)}" for name, text in RUNTIME_FACTS.items())
    parts += ["## What only a run can tell", "The names that conditions use for it.", facts]
    return "\n\n".join(parts) + "\n"


def _table_row(operation: Operation) -> str:
    cells = (
        operation.name,
        where(operation),
        operation.when,
        operation.behaviour.value,
        operation.instead,
        releases(operation),
        "; ".join(map(evidence_text, operation.evidence)),
    )
    return "| " + " | ".join(map(_escaped, cells)) + " |"


def _escaped(text: str) -> str:
    """``text`` with what Markdown would take for its own, outside of code."""
    parts = text.split("`")
    for index in range(0, len(parts), 2):
        for character in "|*_<":
            parts[index] = parts[index].replace(character, f"\\{character}")
    return "`".join(parts)


def _release(version: Version | None) -> str | None:
    return f"{version[0]}.{version[1]}" if version else None
