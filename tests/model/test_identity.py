from __future__ import annotations

from torchdet.engine.check import check_bytes
from torchdet.engine.settings import CheckSettings
from torchdet.findings.state.default_dtype.rule import RULE
from torchdet.model.config import LintConfig
from torchdet.model.identity import Identity, identities

SOURCE = b"import torch\n\nclass A:\n    def f(self):\n        torch.set_default_dtype( 1 )\n"


def test_identity_is_rule_context_and_folded_line() -> None:
    report = check_bytes("a.py", SOURCE, CheckSettings((RULE,), LintConfig(), "a"))
    (pair,) = identities(report)
    assert pair == (
        report.diagnostics[0],
        Identity("DET202", "A.f", "torch.set_default_dtype( 1 )"),
    )
