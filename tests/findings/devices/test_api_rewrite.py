"""Rewritten calls against PyTorch itself: what was there and what is written make the same."""

from __future__ import annotations

import textwrap
import warnings

import pytest

from torchdet.config_file import parse_lint_config
from torchdet.edit.apply import apply_fixes
from torchdet.engine.check import check_bytes
from torchdet.engine.settings import CheckSettings
from torchdet.findings.devices.cuda_api.rule import RULE
from torchdet.model.fix import Applicability

CONFIG = parse_lint_config('torch-version = "2.13"', root=".")
torch = pytest.importorskip("torch", reason="compares rewritten code with the original's effect")


def fixed(text: str, *, safe_only: bool = True) -> str:
    report = check_bytes("x.py", text.encode(), CheckSettings((RULE,), CONFIG, "x"))
    fixes = [
        found.fix
        for found in report.diagnostics
        if found.fix is not None
        and (not safe_only or found.fix.applicability is Applicability.SAFE)
    ]
    return apply_fixes(text, fixes).text


def value(text: str) -> object:
    """What the name ``made`` holds after ``text`` ran."""
    names: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(text, names)
    return names["made"]


def state(made: object) -> dict[str, object]:
    return {name: each for name, each in vars(made).items() if not callable(each)}


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "True",
        "False, torch.bfloat16",
        "True, torch.float16, False",
        "True, dtype=torch.bfloat16",
        "enabled=False",
        "cache_enabled=False",
        "**{}",
    ],
)
def test_autocast_has_the_same_settings(arguments: str) -> None:
    before = f"import torch\nmade = torch.cuda.amp.autocast({arguments})\n"
    after = fixed(before)
    assert "torch.amp.autocast(" in after
    assert state(value(before)) == state(value(after))


@pytest.mark.parametrize(
    "arguments",
    ["enabled=False", "1024.0, enabled=False", "1024.0, 2.0, 0.25, 100, False", "**{}"],
)
def test_grad_scaler_has_the_same_settings(arguments: str) -> None:
    before = f"import torch\nmade = torch.cuda.amp.GradScaler({arguments})\n"
    after = fixed(before)
    assert "torch.amp.GradScaler(" in after
    ignored = {"_per_optimizer_states"}
    old, new = state(value(before)), state(value(after))
    assert {k: v for k, v in old.items() if k not in ignored} == {
        k: v for k, v in new.items() if k not in ignored
    }


@pytest.mark.parametrize("decorator", ["custom_fwd", "custom_fwd(cast_inputs=torch.float32)"])
def test_custom_forward_still_runs(decorator: str) -> None:
    before = textwrap.dedent(
        f"""\
        import torch

        class Double(torch.autograd.Function):
            @staticmethod
            @torch.cuda.amp.{decorator}
            def forward(ctx, x):
                return 2 * x

            @staticmethod
            @torch.cuda.amp.custom_bwd
            def backward(ctx, grad):
                return 2 * grad

        x = torch.tensor([1.0, 2.0], requires_grad=True)
        Double.apply(x).sum().backward()
        made = x.grad.tolist()
        """
    )
    after = fixed(before)
    assert "torch.cuda" not in after
    assert value(before) == value(after) == [2.0, 2.0]


def test_autocast_dtype_is_set_and_read_as_before() -> None:
    before = textwrap.dedent(
        """\
        import torch
        previous = torch.get_autocast_gpu_dtype()
        torch.set_autocast_gpu_dtype(torch.bfloat16)
        made = torch.get_autocast_gpu_dtype()
        torch.set_autocast_gpu_dtype(previous)
        """
    )
    after = fixed(before)
    assert "gpu" not in after
    assert value(before) is value(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from torch.cuda.amp import autocast, GradScaler\n"
            "with autocast():\n    made = GradScaler(enabled=False)\n",
            "from torch.amp import autocast, GradScaler\n"
            'with autocast("cuda"):\n    made = GradScaler("cuda", enabled=False)\n',
        ),
        (
            "from torch.cuda import amp\nmade = amp.GradScaler(enabled=False)\n",
            'from torch import amp\nmade = amp.GradScaler("cuda", enabled=False)\n',
        ),
        (
            "import torch.cuda.amp as amp\nmade = amp.autocast(False)\n",
            'import torch.amp as amp\nmade = amp.autocast("cuda", enabled=False)\n',
        ),
        (
            "from torch.cuda import OutOfMemoryError\nmade = OutOfMemoryError\n",
            "from torch import OutOfMemoryError\nmade = OutOfMemoryError\n",
        ),
    ],
)
def test_moved_imports_still_import(before: str, after: str) -> None:
    assert fixed(before, safe_only=False) == after
    assert fixed(before) == before
    old, new = value(before), value(after)
    assert old is new or state(old).keys() == state(new).keys()


@pytest.mark.parametrize(
    "text",
    [
        "from torch.cuda.amp import autocast\nrun(autocast)\n",
        "from torch.cuda.amp import autocast, custom_fwd\nwith autocast(*given):\n    pass\n",
        "from torch.cuda import amp, current_device\nwith amp.autocast():\n    pass\n",
        "from torch.cuda.amp import *\nwith autocast():\n    pass\n",
        "import torch\nwith torch.cuda.amp.autocast(*given):\n    pass\n",
        "import torch\nwith torch.cuda.amp.autocast(  # why\n):\n    pass\n",
        "import torch\ntorch.cuda.synchronize(**given)\n",
    ],
)
def test_uses_that_cannot_be_carried_over_stay(text: str) -> None:
    assert fixed(text, safe_only=False) == text
