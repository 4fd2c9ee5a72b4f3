"""A screen in front of LibCST changes no report."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.pages import PAGES, CheckCase, check_cases
from torchdet.config_file import parse_lint_config
from torchdet.engine.check import check_bytes
from torchdet.engine.project_files import ProjectFiles
from torchdet.engine.screened import screened_report
from torchdet.engine.settings import CheckSettings, settings_for
from torchdet.findings.registry import all_rules, selected_rules
from torchdet.model.config import LintConfig, Policy
from torchdet.model.diagnostic import FileReport
from torchdet.model.source import SourceText

ROOT = Path(__file__).parents[2]
DEFAULT = selected_rules((), (), ())
BY_NAME = {rule.name: rule for rule in all_rules()}


def both(path: str, data: bytes, settings: CheckSettings) -> tuple[FileReport, FileReport]:
    """The report with the screen and the one without."""
    return (
        check_bytes(path, data, settings),
        check_bytes(path, data, replace(settings, screened=False)),
    )


def disagreements(case: CheckCase) -> list[str]:
    """The rule sets with which the screen changes the report on a case."""
    found: list[str] = []
    rule = BY_NAME[case.rule_name]
    for rules, text in (
        ((rule,), case.source),
        (tuple(sorted({*DEFAULT, rule}, key=lambda each: each.code)), case.source),
        (DEFAULT, case.fixed or ""),
    ):
        settings = CheckSettings(
            rules,
            parse_lint_config(case.config, root="."),
            case.path[:-3].replace("/", ".").removesuffix(".__init__"),
            project=ProjectFiles(
                [str(PurePosixPath(case.path).parent), ""],
                {name: text.encode() for name, text in case.beside.items()}.get,
            ),
        )
        screened, full = both(case.path, text.encode(), settings)
        if screened != full:
            found.append(f"{case} with {len(rules)} rules: {screened} instead of {full}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_both_ways_agree_on_every_case(page: Path) -> None:
    assert [line for case in check_cases(page) for line in disagreements(case)] == []


FILES = [
    *sorted((ROOT / "fixtures").rglob("*.py")),
    *sorted((ROOT / "tests" / "runtime").glob("*.py")),
    *sorted((ROOT / "src" / "torchdet" / "runtime").rglob("*.py")),
]


def test_both_ways_agree_on_whole_files() -> None:
    settings = settings_for("a.py", "a", LintConfig(target_devices=("cuda", "mps")))
    for file in FILES:
        screened, full = both(str(file), file.read_bytes(), settings)
        assert screened == full, file


IMPORTS = """\
import os, torch
import torch.nn as nn  # noqa: DET101
from torch import (
    nn as layers,
    Tensor,  # torchdet: ignore
)
from torch.utils.data import DataLoader as Loader
try:
    import torch.cuda
except ImportError:
    torch = None
class Kit:
    def use(self):
        s = "ä"; from torch import fx
        from torch import fx
        if os: import torch.fx
if os.name == "nt":
    from torch . nn import functional
from torch \\
    import jit
from .torch import nothing
def f():
    '''
    Text # noqa
    ''';  import torch
"""


def variants() -> list[str]:
    """Each statement of ``IMPORTS`` by itself, in blocks of several kinds, and all of them."""
    heads = (
        "",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n",
        "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n",
        "from typing import TYPE_CHECKING as T\nif T:\n",
        "import typing\nif typing.TYPE_CHECKING:\n",
        "import typing\nT = typing.TYPE_CHECKING\nif T:\n",
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n",
        "from typing import TYPE_CHECKING\nTYPE_CHECKING = True\nif TYPE_CHECKING:\n",
        "def f():\n    from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n",
        "class A:\n  def f(self):\n   with x:\n",
        "match x:\n  case 1:\n",
    )
    lines = [line.strip() for line in IMPORTS.splitlines() if line.startswith(("import", "from"))]
    single = [line for line in lines if not line.endswith(("(", "\\"))]
    return [
        IMPORTS,
        *(f"{head}    {line}\n" if head else line for head in heads for line in single),
    ]


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("path", ["a.py", "kit/__init__.py", "torch/nn/a.py"])
def test_both_ways_agree_on_imports(policy: Policy, ending: str, path: str) -> None:
    name = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    config = LintConfig(policy=policy, runtime_modules=("kit",))
    settings = CheckSettings(all_rules(), config, name)
    for text in variants():
        screened, full = both(path, text.replace("\n", ending).encode(), settings)
        assert screened == full, text


def decided(text: str) -> FileReport | None:
    """What the screen alone says with the rules that are on by default."""
    settings = CheckSettings(DEFAULT, LintConfig())
    live = tuple(card.load() for card in settings.live_rules(text.encode()))
    return screened_report("a.py", SourceText(text), live, settings)


@pytest.mark.parametrize(
    "text",
    [
        "import torch\nfrom torch import nn\n",
        "import torch\nx.to(device)\ny = torch.zeros(3, device=d)\n",
        "import torch\nif kind in {'a', 'b'}:\n    pass\n",
        "import torch\nclass M:\n    def names(self):\n        return {'a'}\n",
        "import torch.nn.functional as F\nF.pad(x, (1, 1))\n",
        "import torch\ndef f(x: torch.Tensor): ...\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n",
    ],
)
def test_common_code_needs_no_libcst(text: str) -> None:
    report = decided(text)
    assert report is not None
    settings = CheckSettings(DEFAULT, LintConfig())
    assert report == check_bytes("a.py", text.encode(), replace(settings, screened=False))


@pytest.mark.parametrize(
    "text",
    [
        "import torch\nx.to(0)\n",
        "import torch\nn = torch\nm = n.nn\nm.functional.pad(x, p, mode='reflect')\n",
        "from torch import set_default_dtype as s\nlater = s\nlater(x)\n",
        "import torch\nx.to('cuda')\n",
        "import torch\nf'cuda:{n}'\n",
        "import torch\nfor n in {a, b}:\n    out.append(n)\n",
        "from torch import *\n",
        "def f(x: 'torch.cuda.FloatTensor'): ...\nimport torch\n",
        "import importlib\nt = importlib.import_module('torch')\nt.set_default_dtype(x)\n",
        "from torchdet.runtime import get_torch_handle\nget_torch_handle().torch.load(f)\n",
        "from kit._torch_runtime import torch\ntorch.load(f)\n",
        "from torchdet.runtime import TorchHandle\ndef f(rt: 'TorchHandle'): rt.torch.load(f)\n",
        "import torch\ntorch.backends.cudnn.benchmark = True\n",
    ],
)
def test_what_may_be_a_finding_goes_to_libcst(text: str) -> None:
    assert decided(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "import torch\n(x): int = 1\n",
        "import torch\nif x:\n    pass\n\\\n",
        "import torch\n\fx = 1\n",
        "import torch\rx = 1\n",
        "import torch\nx = (\n",
        "import torch\nprint 1\n",
        f"import torch\nx = {'(' * 300}1{')' * 300}\n",
    ],
)
def test_what_python_may_read_differently_goes_to_libcst(text: str) -> None:
    assert decided(text) is None
    screened, full = both("a.py", text.encode(), CheckSettings(DEFAULT, LintConfig()))
    assert screened == full


@pytest.mark.skipif(sys.version_info < (3, 14), reason="the syntax is new")
@pytest.mark.parametrize("text", ["try: pass\nexcept A, B: pass\n", "x = t'{y}'\n"])
def test_new_syntax_goes_to_libcst(text: str) -> None:
    assert decided(f"import torch\n{text}") is None


def test_invalid_escapes_are_no_news(recwarn: pytest.WarningsRecorder) -> None:
    assert decided("import torch\nx = '\\d'\n") is not None
    assert not recwarn.list
