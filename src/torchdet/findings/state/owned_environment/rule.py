"""An environment variable that decides determinism is written in code, where it comes too late.

## What it does
Reports code that writes or removes, in `os.environ` or by `os.putenv`, one of
`CUBLAS_WORKSPACE_CONFIG`, `PYTHONHASHSEED`, `NVIDIA_TF32_OVERRIDE`,
`TORCH_ALLOW_TF32_CUBLAS_OVERRIDE`, `TORCHINDUCTOR_DETERMINISTIC` and `ATEN_CPU_CAPABILITY`.

Silent are: reading them, the environment handed to a child process (`env=`, a copy of
`os.environ`), `monkeypatch.setenv` and `mock.patch.dict` in tests, a function that then replaces
the process (`os.execv` and its like), and modules named in `runtime-modules`. Variables that
launchers set for good reasons (`OMP_NUM_THREADS`, `NCCL_ALGO`) are no finding.

## Why is this bad?
Each of these variables is read once: `PYTHONHASHSEED` when the interpreter starts, so that a
write from inside changes nothing but child processes; the others when torch or a CUDA library is
loaded or first used, so that the write works or not depending on what ran before it. Nothing says
which of the two happened.

## Example
Bad:

```python
import os


def seed_everything(seed: int) -> None:
    os.environ["PYTHONHASHSEED"] = str(seed)
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
```

Good:

```python
from torchdet.runtime import get_torch_handle

rt = get_torch_handle()  # sets CUBLAS_WORKSPACE_CONFIG in time, or says that it is too late
```

`PYTHONHASHSEED=0 python train.py` sets the other one where it counts.

## Fix safety
There is no fix: the right place is outside the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Rule
from torchdet.findings.environment_writes import EnvironmentWrite, checks_of_environment
from torchdet.findings.wording import runtime_sets
from torchdet.model.config import Policy
from torchdet.model.consequence import Consequence
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context
from torchdet.reading.runtime_modules import in_runtime_module
from torchdet.torch_api.environment_variables import VARIABLES

_READ_ONCE = {each.name: each for each in VARIABLES if each.read}
_EXEC = frozenset(f"os.exec{suffix}" for suffix in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe"))


def check(write: EnvironmentWrite, context: Context) -> Iterator[Draft]:
    name, node = write.name, write.node
    if name not in _READ_ONCE or in_runtime_module(context) or _replaces_process(node, context):
        return
    if name == "PYTHONHASHSEED":
        yield Draft(
            node,
            "`PYTHONHASHSEED` has no effect on the process that sets it, only on its children; set "
            "it before Python starts",
            subject=write,
        )
        return
    remedy = "set it where the process is started"
    if _READ_ONCE[name].good and context.config.policy is not Policy.UNDECIDED:
        remedy = f"{runtime_sets(context.config)} sets it in time"
    yield Draft(
        node,
        f"`{name}` is read once, {_READ_ONCE[name].read}, and ignored afterwards; {remedy}",
        subject=write,
    )


def _replaces_process(node: cst.CSTNode, context: Context) -> bool:
    """Whether the function around ``node`` then starts this process anew, with ``os.exec*``."""
    facts = context.facts
    scope = facts.scope(node)
    return any(
        use.scope is scope and not _EXEC.isdisjoint(facts.resolver.use(use).names)
        for root in ("os", *(name.removeprefix("os.") for name in _EXEC))
        for use in facts.index.uses.get(root, ())
    )


RULE = Rule(
    code="DET206",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    causes=Consequence.VARIES,
    triggers=tuple(name.encode() for name in _READ_ONCE),
    names=checks_of_environment(check),
)
