"""Helpers of the runtime's tests: fresh interpreters, and strategies for facts and policies."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import textwrap
from pathlib import Path

from hypothesis import strategies as st

import torchdet
from tests.patience import PATIENCE
from tests.surroundings import settled
from torchdet.runtime import Determinism, OnMissing, Precision, RuntimePolicy, ThreadAffinity
from torchdet.runtime.facts import (
    AbsenceReason,
    AcceleratorFacts,
    ChildProcess,
    CudaFacts,
    DataLoaderWorker,
    DistributedRank,
    EnvironmentFacts,
    EnvironmentVariable,
    MainProcess,
    RuntimeFacts,
    ThreadFacts,
    TorchAbsent,
    TorchPresent,
)

SOURCE = Path(torchdet.__file__).parents[1]


def run_python(
    code: str,
    *,
    cwd: Path,
    environment: dict[str, str] | None = None,
    options: tuple[str, ...] = (),
    hide_gpus: bool = True,
) -> str:
    """Run code as a script in a fresh interpreter and return its standard output, stripped.

    The script is a file, because spawned children import it again. GPUs are hidden from it unless
    the test is about them, so that a machine with GPUs gives the same answers.
    """
    result = run_script(
        code, cwd=cwd, environment=environment, options=options, hide_gpus=hide_gpus
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.strip()


def run_script(
    code: str,
    *,
    cwd: Path,
    environment: dict[str, str] | None = None,
    options: tuple[str, ...] = (),
    hide_gpus: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run code as a script in a fresh interpreter."""
    script = cwd / "script.py"
    script.write_text(textwrap.dedent(code), encoding="utf-8")
    inherited = settled()
    if hide_gpus:
        inherited["CUDA_VISIBLE_DEVICES"] = ""
    return subprocess.run(
        [sys.executable, *options, str(script)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**inherited, "PYTHONPATH": str(SOURCE), **(environment or {})},
        timeout=PATIENCE,
        check=False,
    )


# --- strategies ----------------------------------------------------------------------------------

_CUBLAS = st.sampled_from([None, ":16:8", ":4096:8", ":4096:2:16:8", ""])
_TF32 = st.sampled_from([None, "0", "1"])


@st.composite
def environments(draw: st.DrawFn) -> EnvironmentFacts:
    values = {
        "CUBLAS_WORKSPACE_CONFIG": _CUBLAS,
        "NVIDIA_TF32_OVERRIDE": _TF32,
        "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": _TF32,
        "PYTHONHASHSEED": st.sampled_from([None, "0", "random"]),
    }
    variables = tuple(
        EnvironmentVariable(name, draw(strategy), draw(strategy))
        for name, strategy in values.items()
    )
    return EnvironmentFacts(variables, draw(st.booleans()), draw(st.booleans()))


_CUDA = st.builds(
    CudaFacts,
    toolkit=st.just("12.8"),
    is_rocm=st.booleans(),
    driver=st.none() | st.just("570.1"),
    cudnn_version=st.none() | st.just(91002),
    is_initialized=st.booleans(),
    is_in_bad_fork=st.booleans(),
    cublas_workspace_bytes=st.sampled_from([None, 0, 16 * 8 * 1024, 4096 * 8 * 1024]),
)


@st.composite
def torches(draw: st.DrawFn) -> TorchPresent | TorchAbsent:
    kind = draw(st.sampled_from(["cuda", "mps", "xpu", "hpu", "cpu", "none", "broken"]))
    if kind in ("none", "broken"):
        reason = AbsenceReason.NOT_INSTALLED if kind == "none" else AbsenceReason.IMPORT_FAILED
        return TorchAbsent(reason, "it says so")
    count = 0 if kind == "cpu" else 1 if kind == "mps" else draw(st.integers(1, 8))
    return TorchPresent(
        version=draw(st.sampled_from(["2.13.0+cpu", "2.6.0", "2.5.1", "1.13", "main", "3.0a0"])),
        was_imported=draw(st.booleans()),
        accelerators=tuple(AcceleratorFacts(kind, index) for index in range(count)),
        cuda=draw(_CUDA) if kind == "cuda" else draw(st.none() | _CUDA),
        cpu_capability="AVX2",
        num_threads=1,
        num_interop_threads=1,
        process_group=draw(st.sampled_from([None, "gloo", "nccl"])),
    )


_ROLES = st.sampled_from(
    [MainProcess(), ChildProcess("fork"), ChildProcess("spawn"), DataLoaderWorker(1, 2, 7, "fork")]
)
_RANKS = st.sampled_from([None, DistributedRank(0, 1, 0), DistributedRank(9, 16, 9)])

facts = st.builds(
    RuntimeFacts,
    torch=torches(),
    environment=environments(),
    thread=st.builds(ThreadFacts, is_main=st.booleans(), name=st.just("worker-1")),
    process=_ROLES,
    distributed=_RANKS,
)

DEVICES = ("auto", "cpu", "cpu:-1", "cuda", "cuda:1", "cuda:7", "mps", "xpu", "hpu", "meta", "0")

policies = st.builds(
    RuntimePolicy,
    device=st.sampled_from((*DEVICES, -1, 0, 3, "banana")),
    on_missing=st.sampled_from(OnMissing),
    require_cudnn=st.booleans(),
    precision=st.sampled_from(Precision),
    thread_affinity=st.sampled_from(ThreadAffinity),
    determinism=st.sampled_from(Determinism),
    fill_uninitialized_memory=st.booleans(),
    seed=st.none() | st.integers(-(2**63), 2**64 - 1),
    num_threads=st.none() | st.integers(1, 8),
    accept_earlier_import=st.booleans(),
)


def with_torch(given: RuntimeFacts, **changes: object) -> RuntimeFacts:
    """Return facts with fields of `TorchPresent` changed."""
    assert isinstance(given.torch, TorchPresent)
    return dataclasses.replace(given, torch=dataclasses.replace(given.torch, **changes))


def with_variable(
    given: RuntimeFacts, name: str, *, start: str | None, now: str | None
) -> RuntimeFacts:
    """Return facts with one environment variable."""
    variables = (EnvironmentVariable(name, start, now),)
    return dataclasses.replace(given, environment=EnvironmentFacts(variables, start_is_known=True))
