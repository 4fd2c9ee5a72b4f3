"""What torch does: with deterministic algorithms demanded, wished for, and without them."""

# torch leaves many functions without annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import hashlib
import random
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType

import numpy as np
import torch
import torch._inductor.config
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from tests.torch_api.recipe import Run, Tensors

ALERT = re.compile(r"does not have a deterministic implementation")
REPEATS = 3


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of one operation.

    ``alert`` is the first line of the error that deterministic mode raises, ``warned`` whether
    ``warn_only`` warns of the same. ``repeats`` and ``varies_without`` are about bits: whether
    all runs in deterministic mode gave the same, and whether runs without it differed; a race
    that nobody lost while we looked counts as not varying.
    """

    alert: str | None
    warned: bool
    repeats: bool
    varies_without: bool
    outputs: tuple[torch.Tensor, ...]


def observe(run: Run, device: torch.device, *, repeats: int = REPEATS) -> Observation:
    """Run an operation in all three modes. Errors that are not an alert are raised."""
    alert: str | None = None
    strict: list[str] = []
    outputs: tuple[torch.Tensor, ...] = ()
    with deterministic_algorithms(True):
        try:
            for _ in range(repeats):
                outputs = _run_seeded(run, device)
                strict.append(digest(outputs))
        except RuntimeError as error:
            if not ALERT.search(str(error)):
                raise
            alert = str(error).partition("\n")[0]
    with deterministic_algorithms(True, warn_only=True), warnings.catch_warnings(record=True) as w:
        warnings.simplefilter("always")
        _run_seeded(run, device)
    with deterministic_algorithms(False):
        loose = [digest(_run_seeded(run, device)) for _ in range(repeats)]
    return Observation(
        alert=alert,
        warned=any(ALERT.search(str(each.message)) for each in w),
        repeats=len(set(strict)) == 1,
        varies_without=len(set(loose)) > 1,
        outputs=outputs,
    )


def _run_seeded(run: Run, device: torch.device) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(0)
    result = run(device)
    return result if isinstance(result, tuple) else (result,)


def digest(outputs: Tensors) -> str:
    """A hash of all bits, with dtypes and shapes.

    >>> digest(torch.zeros(1)) == digest(-torch.zeros(1))
    False
    """
    state = hashlib.sha256()
    for output in outputs if isinstance(outputs, tuple) else (outputs,):
        plain = output.detach().cpu()
        if plain.layout != torch.strided:
            plain = plain.to_dense()
        state.update(f"{plain.dtype}{tuple(plain.shape)}".encode())
        state.update(plain.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return state.hexdigest()


@contextmanager
def deterministic_algorithms(on: bool, *, warn_only: bool = False) -> Iterator[None]:
    """Switch deterministic mode for a block, and back to what it was."""
    before = torch.are_deterministic_algorithms_enabled()
    before_warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(on, warn_only=warn_only)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=before_warn_only)


def varies(run: Run, device: torch.device, *, runs: int = 12) -> bool:
    """Whether the bits differed at least once as often as ``runs``, without deterministic mode."""
    with deterministic_algorithms(False):
        return len({digest(_run_seeded(run, device)) for _ in range(runs)}) > 1


class _Recorder(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.operators: set[str] = set()

    def __torch_dispatch__(
        self,
        func: torch._ops.OpOverload,
        types: tuple[type, ...],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        self.operators.add(func.overloadpacket.__name__.rstrip("_"))  # in place or not
        return func(*args, **(kwargs or {}))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        super().__exit__(exc_type, exc_val, exc_tb)


def operators(run: Run, device: torch.device) -> frozenset[str]:
    """The operators of ATen that a run dispatches to on ``device``, in the mode that is on."""
    with _Recorder() as recorder:
        _run_seeded(run, device)
    return frozenset(recorder.operators)


def operators_on_cuda(run: Run) -> frozenset[str]:
    """The operators that a forward run dispatches to for CUDA tensors, where no CUDA is needed.

    Fake tensors carry a device and no data, so that only what Python and the dispatcher decide
    is seen: no kernel runs, and no gradients, for which autograd asks for the device itself.
    """
    recorder = _Recorder()
    try:
        with torch.no_grad(), FakeTensorMode(allow_non_fake_inputs=True), recorder:
            run(torch.device("cuda"))
    except RuntimeError as error:  # some operators ask for the device: the way up to them counts
        if "not linked with support for cuda" not in str(error):
            raise
    return frozenset(recorder.operators)


# Process-wide settings, with the values that torch starts with.
_SETTINGS: tuple[tuple[object, str, bool], ...] = (
    (torch.utils.deterministic, "fill_uninitialized_memory", True),
    (torch._inductor.config, "deterministic", False),
    (torch.backends.cudnn, "enabled", True),
    (torch.backends.cudnn, "benchmark", False),
    (torch.backends.cudnn, "deterministic", False),
    (torch.backends.mkldnn, "enabled", True),
    (torch.backends.mkldnn, "deterministic", False),
    (torch.backends.cuda.matmul, "allow_fp16_reduced_precision_reduction", True),
    (torch.backends.cuda.matmul, "allow_bf16_reduced_precision_reduction", True),
)


@contextmanager
def global_state_kept() -> Iterator[None]:
    """Begin with the settings that torch starts with, and give back those that were there.

    Recipes change them, and other tests of this process may have applied the runtime's handle.
    """
    settings = [(owner, name, getattr(owner, name)) for owner, name, _ in _SETTINGS]
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    torch_state, python_state = torch.get_rng_state(), random.getstate()
    numpy_state = np.random.get_state()
    with deterministic_algorithms(False):
        for owner, name, value in _SETTINGS:
            setattr(owner, name, value)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_default_dtype(dtype)
            torch.set_rng_state(torch_state)
            random.setstate(python_state)
            np.random.set_state(numpy_state)
    for owner, name, value in settings:  # last: deterministic mode sets the compiler's flag
        setattr(owner, name, value)
