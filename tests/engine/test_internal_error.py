"""A rule that raises costs its own file, with a reason that can be reported."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.engine.checking import check
from torchdet.engine.check import check_bytes
from torchdet.engine.settings import CheckSettings
from torchdet.model.config import LintConfig
from torchdet.model.diagnostic import Severity
from torchdet.rules.base import Context, Draft, Reference, Rule


def fails(reference: Reference, context: Context) -> Iterator[Draft]:
    raise KeyError(reference.name)
    yield


FAULTY = Rule(
    code="DET999",
    module="torchdet.rules.state.faulty",
    documentation="Raises.",
    severity=Severity.ERROR,
    triggers=(b"torch",),
    names={"torch.seed": fails},
)


def test_a_rule_that_raises_is_a_failure_with_its_place() -> None:
    source = b"import torch\ntorch.seed()\n"
    report = check_bytes("example.py", source, CheckSettings((FAULTY,), LintConfig()))
    assert report.failed
    [diagnostic] = report.diagnostics
    assert diagnostic.code == "DET901"
    expected = r"KeyError: 'torch\.seed' \(test_internal_error\.py:\d+\)"
    assert re.search(expected, diagnostic.message)


def test_a_sound_file_is_not_failed() -> None:
    assert not check("import torch\ntorch.set_default_dtype(torch.float64)\n").failed
