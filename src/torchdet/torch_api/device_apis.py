"""PyTorch's CUDA-only names and their device-neutral equivalents.

The rows are in ``device_apis.csv``. Checked against torch 2.13 on a machine without an
accelerator; since when a name exists was read in the wheels of 2.3 to 2.13.
"""

from __future__ import annotations

import csv
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from io import StringIO
from types import MappingProxyType


class ApiKind(Enum):
    """What a name stands for."""

    ATTRIBUTE = "attribute"
    CLASS = "class"
    FUNCTION = "function"
    METHOD = "method"
    MODULE = "module"
    STORAGE_TYPE = "storage-type"
    TENSOR_TYPE = "tensor-type"


class Equivalence(Enum):
    """Whether code that uses the equivalent does what it did before.

    ``SAME``: wherever the CUDA name worked. ``SAME_ON_CUDA``: on a machine with CUDA; where there
    is none, or another accelerator, it answers or fails differently. ``SIMILAR``: it does the
    job, but type, arguments or effects differ, so a person must look. ``RELATED``: another tool
    for a neighbouring job. ``NONE``: there is no equivalent.
    """

    SAME = "yes"
    SAME_ON_CUDA = "on-cuda"
    SIMILAR = "similar"
    RELATED = "related"
    NONE = "none"


class Respelling(Enum):
    """How a use is rewritten mechanically.

    ``RENAME``: another name, the same arguments. ``DEVICE_TYPE_FIRST``: and ``"cuda"`` as the
    first argument. ``DEVICE_TYPE_KEYWORD``: and ``device_type="cuda"``. ``DEVICE_MODULE``: the
    same name, read from ``torch.get_device_module(device)``. ``BY_HAND``: not at all.
    """

    RENAME = "rename"
    DEVICE_TYPE_FIRST = "device-type-first"
    DEVICE_TYPE_KEYWORD = "device-type-keyword"
    DEVICE_MODULE = "device-module"
    BY_HAND = ""


_DTYPES = {
    "BFloat16": "bfloat16",
    "Bool": "bool",
    "Byte": "uint8",
    "Char": "int8",
    "Double": "float64",
    "Float": "float32",
    "Half": "float16",
    "Int": "int32",
    "Long": "int64",
    "Short": "int16",
}


@dataclass(frozen=True, slots=True)
class DeviceApi:
    """One CUDA-only name.

    ``replacement`` is the qualified name of the equivalent and ``since`` the first release, as
    ``(major, minor)``, that has it; None where there is none or every supported release has it.
    ``source`` is the file of PyTorch's repository that shows it.
    """

    name: str
    kind: ApiKind
    replacement: str | None
    since: tuple[int, int] | None
    sameness: Equivalence
    rewrite: Respelling
    note: str
    source: str

    @property
    def spelling(self) -> str:
        """The equivalent as a person would write it."""
        if self.rewrite is Respelling.DEVICE_MODULE:
            return f"{self.replacement}(device).{self.name.rpartition('.')[2]}"
        return self.replacement or ""

    @property
    def dtype(self) -> str | None:
        """The qualified name of the dtype that a legacy tensor type stands for.

        >>> device_apis()["torch.cuda.HalfTensor"].dtype
        'torch.float16'
        """
        if self.kind is not ApiKind.TENSOR_TYPE:
            return None
        return f"torch.{_DTYPES[self.name.rpartition('.')[2].removesuffix('Tensor')]}"

    def usable_in(self, torch_version: tuple[int, int]) -> bool:
        """Whether the equivalent exists in the release ``(major, minor)`` and those after it."""
        return self.since is None or self.since <= torch_version


@cache
def device_apis() -> Mapping[str, DeviceApi]:
    """Every row of the catalogue by its name. Raises ``ValueError`` for a malformed row.

    >>> api = device_apis()["torch.cuda.synchronize"]
    >>> api.spelling, api.since
    ('torch.accelerator.synchronize', (2, 6))
    """
    data = pkgutil.get_data(__package__, "device_apis.csv")
    if data is None:
        raise ValueError("device_apis.csv is missing beside the module that reads it")
    rows = csv.DictReader(StringIO(data.decode("utf-8"), newline=""))
    return MappingProxyType({row["name"]: _read_row(row) for row in rows})


def _read_row(row: Mapping[str, str]) -> DeviceApi:
    return DeviceApi(
        name=row["name"],
        kind=ApiKind(row["kind"]),
        replacement=row["replacement"] or None,
        since=_read_version(row["since"]),
        sameness=Equivalence(row["same"]),
        rewrite=Respelling(row["rewrite"]),
        note=row["note"],
        source=row["source"],
    )


def _read_version(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    major, _, minor = text.partition(".")
    return int(major), int(minor)
