"""The operations whose results can differ from run to run, and what PyTorch does about each.

The rows are in ``operations.csv``, one an operation; ``condition_language`` describes the
language of its condition columns, ``signatures`` the arguments that they name. Checked against
torch 2.13 and PyTorch's sources; ``evidence`` says of each row by what.
"""

from __future__ import annotations

import csv
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from io import StringIO
from types import MappingProxyType
from typing import TypeVar

from torchdet.torch_api.condition_language import (
    Condition,
    ConditionError,
    parse_condition,
)

Version = tuple[int, int]

METHOD = "torch.Tensor."
"""How the spellings of a tensor's methods begin."""


class OperationKind(Enum):
    """What sort of thing the row is about."""

    DATA_LOADER = "dataloader"
    ENVIRONMENT = "env"
    FLAG = "flag"
    FUNCTIONAL = "functional"
    MODULE = "module"
    OPERATION = "op"
    OPTIMIZER = "optimizer"
    RANDOM = "rng"


class Pass(Enum):
    """In which direction the operation is nondeterministic.

    ``BACKWARD`` implies that some input requires a gradient.
    """

    BACKWARD = "backward"
    BOTH = "both"
    FORWARD = "forward"


class OperationDevice(Enum):
    """Where. ``ANY`` is every device."""

    ANY = "any"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"
    XPU = "xpu"


class Behaviour(Enum):
    """What happens under ``torch.use_deterministic_algorithms(True)``.

    ``ERRORS``: it raises. ``SWITCHES``: a deterministic and often slower algorithm runs.
    ``SILENT``: it stays nondeterministic, and nothing says so. ``FILLS``: memory that was not
    initialised is filled. ``UNAFFECTED``: the mode changes nothing, because the operation is
    deterministic, or because its results depend on something else than the order of additions
    (a seed, a precision, a setting).
    """

    ERRORS = "errors"
    FILLS = "fills"
    SILENT = "silent"
    SWITCHES = "switches"
    UNAFFECTED = "unaffected"


class IfUnknown(Enum):
    """What a rule does where the condition cannot be decided.

    ``REPORT``: the common use of the operation meets the condition. ``SILENT``: it does not.
    """

    REPORT = "report"
    SILENT = "silent"


class EvidenceKind(Enum):
    """How a row is known: from the documentation, the sources, a report, or a run."""

    CPU = "cpu"
    CUDA = "cuda"
    DOCUMENTED = "documented"
    REPORTED = "reported"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for a row.

    ``release`` is the torch release (or, for sources, the date of the snapshot), empty for what
    has none; ``machine`` is the accelerator's name where one was seen.
    """

    kind: EvidenceKind
    release: str = ""
    machine: str = ""


class Sameness(Enum):
    """Whether the replacement yields the same numbers and gradients as the call."""

    SAME = "same"
    SIMILAR = "similar"


@dataclass(frozen=True, slots=True)
class CallReplacement:
    """Code that can stand in the place of a call, for the calls on which ``condition`` holds.

    ``text`` is Python with ``{parameter}`` for arguments of the call, for calls that pass no
    others; or ``{call:name=value}``, which is the call itself with that keyword set.
    """

    text: str
    condition: Condition
    sameness: Sameness


@dataclass(frozen=True, slots=True)
class Operation:
    """One row.

    ``spellings`` are qualified names; those of kind ``env`` are variables. The behaviour holds
    from release ``since`` on and before ``until``, each None for no bound among the releases
    that were looked at; ``history`` says it in words. ``when`` is the condition in words, and
    ``instead`` what to write. ``source`` names the document, file or experiment.
    """

    name: str
    kind: OperationKind
    spellings: tuple[str, ...]
    direction: Pass
    devices: tuple[OperationDevice, ...]
    condition: Condition
    if_unknown: IfUnknown
    when: str
    behaviour: Behaviour
    instead: str
    replacement: CallReplacement | None
    since: Version | None
    until: Version | None
    history: str
    source: str
    evidence: tuple[Evidence, ...]

    @property
    def needs_gradient(self) -> bool:
        """Whether the row speaks of the backward pass alone."""
        return self.direction is Pass.BACKWARD

    @property
    def is_chosen_by_cudnn(self) -> bool:
        """Whether cuDNN's own switch decides about it as well."""
        return "'cudnn-choice'" in str(self.condition)

    def holds_from(self, oldest: Version) -> bool:
        """Whether the row speaks of ``oldest`` or a later release.

        >>> operations()["cumsum"].holds_from((2, 6))
        True
        """
        return self.until is None or oldest < self.until

    def is_on(self, devices: tuple[str, ...]) -> bool:
        """Whether the row speaks of one of ``devices``, given by the types that torch uses."""
        return OperationDevice.ANY in self.devices or any(
            each.value in devices for each in self.devices
        )


class CatalogueError(ValueError):
    """A malformed row. The message names the row, the column and what was expected."""


COLUMNS = (
    "name", "kind", "spellings", "pass", "devices", "condition", "if-unknown", "when",
    "behaviour", "instead", "replacement", "replace-when", "replacement-is", "since", "until",
    "history", "source", "evidence",
)  # fmt: skip


@cache
def operations() -> Mapping[str, Operation]:
    """Every row of the catalogue by its name, in the file's order.

    Raises ``CatalogueError`` for a malformed row.

    >>> operations()["avg_pool3d"].behaviour
    <Behaviour.ERRORS: 'errors'>
    """
    data = pkgutil.get_data(__package__, "operations.csv")
    if data is None:
        raise CatalogueError("operations.csv is missing beside the module that reads it")
    return MappingProxyType(read_operations(data.decode("utf-8")))


def read_operations(text: str) -> dict[str, Operation]:
    """Read a table of operations. Raises ``CatalogueError``.

    Rows are counted from 1, the heading, as a spreadsheet does.
    """
    table = list(csv.reader(StringIO(text, newline="")))
    if not table or tuple(table[0]) != COLUMNS:
        raise CatalogueError(f"row 1: the heading must be {','.join(COLUMNS)}")
    found: dict[str, Operation] = {}
    for number, cells in enumerate(table[1:], start=2):
        if len(cells) != len(COLUMNS):
            raise CatalogueError(f"row {number}: {len(cells)} cells instead of {len(COLUMNS)}")
        operation = _Row(number, dict(zip(COLUMNS, cells, strict=True))).operation()
        if found.setdefault(operation.name, operation) is not operation:
            raise CatalogueError(f"row {number}, name: {operation.name!r} stands there twice")
    return found


@cache
def call_rows(behaviour: Behaviour) -> Mapping[str, tuple[Operation, ...]]:
    """The rows with that behaviour which speak of calls, by each of their spellings."""
    found: dict[str, tuple[Operation, ...]] = {}
    for operation in operations().values():
        if operation.behaviour is behaviour and operation.kind in _CALLS:
            for spelling in operation.spellings:
                found[spelling] = (*found.get(spelling, ()), operation)
    return MappingProxyType(found)


_CALLS = {OperationKind.FUNCTIONAL, OperationKind.MODULE, OperationKind.OPERATION}
_Enum = TypeVar("_Enum", bound=Enum)
_Read = TypeVar("_Read")
_SPELLING = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_VERSION = re.compile(r"(\d+)\.(\d+)")
_EVIDENCE = re.compile(r"(?P<kind>[a-z]+)(:(?P<release>[\w.-]+)(:(?P<machine>[^:;]+))?)?")


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as text, with what reads its cells."""

    number: int
    cells: Mapping[str, str]

    def operation(self) -> Operation:
        operation = Operation(
            name=self._text("name"),
            kind=self._one_of(OperationKind, "kind"),
            spellings=self._spellings(),
            direction=self._one_of(Pass, "pass"),
            devices=self._devices(),
            condition=self._read("condition", parse_condition),
            if_unknown=self._one_of(IfUnknown, "if-unknown"),
            when=self._text("when"),
            behaviour=self._one_of(Behaviour, "behaviour"),
            instead=self._text("instead"),
            replacement=self._replacement(),
            since=self._version("since"),
            until=self._version("until"),
            history=self.cells["history"],
            source=self._text("source"),
            evidence=tuple(self._evidence()),
        )
        if operation.since and operation.until and operation.since >= operation.until:
            raise self._error("until", "a release after `since`")
        return operation

    def _error(self, column: str, expected: str) -> CatalogueError:
        name = self.cells["name"] or "without a name"
        return CatalogueError(
            f"row {self.number} ({name}), {column}: expected {expected}, "
            f"found {self.cells[column]!r}"
        )

    def _text(self, column: str) -> str:
        text = self.cells[column]
        if not text or text != text.strip():
            raise self._error(column, "a text without space around it")
        return text

    def _one_of(self, enum: type[_Enum], column: str) -> _Enum:
        return self._member(enum, column, self.cells[column])

    def _member(self, enum: type[_Enum], column: str, value: str) -> _Enum:
        try:
            return enum(value)
        except ValueError:
            known = ", ".join(str(member.value) for member in enum)
            raise self._error(column, f"one of {known}") from None

    def _read(self, column: str, read: Callable[[str], _Read]) -> _Read:
        try:
            return read(self.cells[column])
        except ConditionError as error:
            raise self._error(column, f"a condition ({error})") from None

    def _spellings(self) -> tuple[str, ...]:
        spellings = tuple(self.cells["spellings"].split(";"))
        if len(set(spellings)) != len(spellings) or not all(
            _SPELLING.fullmatch(spelling) for spelling in spellings
        ):
            raise self._error("spellings", "different dotted names, parted by `;`")
        return spellings

    def _devices(self) -> tuple[OperationDevice, ...]:
        values = self.cells["devices"].split(";")
        devices = tuple(self._member(OperationDevice, "devices", value) for value in values)
        if list(values) != sorted(set(values)) or (
            OperationDevice.ANY in devices and len(devices) > 1
        ):
            raise self._error("devices", "sorted device types, parted by `;`, or `any` alone")
        return devices

    def _replacement(self) -> CallReplacement | None:
        text = self.cells["replacement"]
        if not text:
            for column in ("replace-when", "replacement-is"):
                if self.cells[column]:
                    raise self._error(column, "nothing, as there is no replacement")
            return None
        return CallReplacement(
            text,
            self._read("replace-when", parse_condition),
            self._one_of(Sameness, "replacement-is"),
        )

    def _version(self, column: str) -> Version | None:
        if not self.cells[column]:
            return None
        match = _VERSION.fullmatch(self.cells[column])
        if match is None:
            raise self._error(column, "a release such as 2.13, or nothing")
        return int(match[1]), int(match[2])

    def _evidence(self) -> Iterator[Evidence]:
        for item in self.cells["evidence"].split(";"):
            match = _EVIDENCE.fullmatch(item)
            if match is None:
                raise self._error("evidence", "kind:release:machine, parted by `;`")
            kind = self._member(EvidenceKind, "evidence", match["kind"])
            yield Evidence(kind, match["release"] or "", match["machine"] or "")
