"""Redirection in threads and processes that start inside a block."""

from __future__ import annotations

import asyncio
import contextlib
import dis
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

import torchdet.runtime.redirect
from tests.patience import PATIENCE
from tests.runtime.support import run_python
from torchdet.runtime.devices import Machine
from torchdet.runtime.redirect import _switched_on, context, redirect, switch_on
from torchdet.runtime.redirect.replacements import Installation, Replacement
from torchdet.runtime.redirect.threads import current_mode

CPU_ONLY = Machine()
META = Machine((("meta", 1),))


def kind(device: str = "cuda") -> str:
    """The type that a request gets; 'refused' where torch refuses it."""
    try:
        return torch.zeros(1, device=device).device.type
    except (AssertionError, RuntimeError):
        return "refused"


def in_thread(call: Callable[[], str]) -> str:
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    thread.join()
    return answers[0]


needs_no_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA would be granted")


def test_new_threads_are_redirected_and_theirs_too() -> None:
    with redirect(CPU_ONLY):
        assert in_thread(kind) == "cpu"
        assert in_thread(lambda: in_thread(kind)) == "cpu"
    with redirect(CPU_ONLY, "masquerade"):
        assert in_thread(lambda: str(torch.cuda.is_available())) == "True"


@needs_no_cuda
def test_other_threads_are_not() -> None:
    go, done, answers = threading.Event(), threading.Event(), []

    def before() -> None:
        go.wait(PATIENCE)
        answers.extend([kind(), str(torch.cuda.is_available()), in_thread(kind)])
        done.set()

    thread = threading.Thread(target=before)
    thread.start()
    with redirect(CPU_ONLY):
        go.set()
        assert done.wait(PATIENCE)
    thread.join()
    assert answers == ["refused", "False", "refused"]


def test_subclasses_timers_and_executors() -> None:
    answers: list[str] = []

    class Worker(threading.Thread):
        def run(self) -> None:
            answers.append(kind())

    with redirect(CPU_ONLY):
        worker = Worker()
        worker.start()
        worker.join()
        assert "run" not in vars(worker)
        timer = threading.Timer(0, lambda: answers.append(kind()))
        timer.start()
        timer.join()
        with ThreadPoolExecutor(2) as pool:
            answers += pool.map(kind, ["cuda", "mps"])

        async def main() -> str:
            return await asyncio.to_thread(kind)

        answers.append(asyncio.run(main()))
    assert answers == ["cpu"] * 5


@needs_no_cuda
def test_a_thread_that_outlives_the_block_is_plain_again() -> None:
    with ThreadPoolExecutor(1) as pool:
        with redirect(CPU_ONLY):
            assert pool.submit(kind).result() == "cpu"
        assert pool.submit(kind).result() == "refused"
        assert pool.submit(lambda: str(torch.cuda.is_available())).result() == "False"
        assert pool.submit(current_mode).result() is None


def test_the_override_is_inherited_and_then_each_threads_own() -> None:
    with redirect(META):
        torch.zeros(1, device="cpu:-1")
        assert in_thread(lambda: kind("cpu")) == "cpu"
        assert in_thread(lambda: kind("cpu:-1") + kind("cpu")) == "cpumeta"
        assert kind("cpu") == "cpu", "another thread switched it off here"


def test_a_failing_start_leaves_the_thread_as_it_was() -> None:
    thread = threading.Thread(target=lambda: None)
    with redirect(CPU_ONLY):
        thread.start()
        thread.join()
        before = dict(vars(thread))
        with pytest.raises(RuntimeError, match="once"):
            thread.start()
        assert dict(vars(thread)) == before


def test_an_exception_in_a_thread_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(args.exc_type))

    def fail() -> None:
        raise ValueError(kind())

    with redirect(CPU_ONLY):
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        assert kind() == "cpu"
    assert seen == [ValueError]


def test_many_blocks_in_many_threads() -> None:
    failures: list[str] = []

    def work(machine: Machine, expected: str) -> None:
        for _ in range(30):
            with redirect(machine):
                if kind("cpu") != expected or in_thread(lambda: kind("cpu")) != expected:
                    failures.append(expected)

    threads = [
        threading.Thread(target=work, args=each) for each in [(CPU_ONLY, "cpu"), (META, "meta")] * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert "start" in vars(threading.Thread)
    assert threading.Thread.start.__module__ == "threading"
    assert torch._C._len_torch_function_stack() == 0


def test_the_backward_pass_is_redirected() -> None:
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, value: torch.Tensor) -> torch.Tensor:
            return value * torch.tensor(2.0, device="cuda")

        @staticmethod
        def backward(ctx: object, gradient: torch.Tensor) -> torch.Tensor:
            return gradient * torch.tensor(2.0, device="cuda")

    with redirect(CPU_ONLY):
        value = torch.ones(2, requires_grad=True)
        Doubled.apply(value).sum().backward()
    assert value.grad is not None
    assert value.grad.tolist() == [2.0, 2.0]


def test_switched_on_though_nobody_keeps_the_switch() -> None:
    switch_on(CPU_ONLY)
    gc.collect()
    try:
        assert kind() == "cpu"
    finally:
        for block in list(_switched_on):
            _switched_on.discard(block)
            block.close()


def test_switched_on_until_it_is_switched_off() -> None:
    off = switch_on(CPU_ONLY)
    try:
        assert (kind(), in_thread(kind)) == ("cpu", "cpu")
    finally:
        off()
    assert current_mode() is None
    assert threading.Thread.start.__module__ == "threading"


INTERRUPTED = """
import logging, signal, torch
from torchdet.runtime.devices import Machine
from torchdet.runtime.redirect import redirect
from torchdet.runtime.redirect.threads import current_mode

def interrupt(*_):
    raise KeyboardInterrupt

def names():
    return {name: id(value) for name, value in vars(torch.cuda).items()}

logging.disable()
with redirect(Machine()):
    pass
before, interrupted = names(), 0
signal.signal(signal.SIGALRM, interrupt)
for number in range(40):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0002 + 0.0004 * (number % 10))
        for _ in range(1000):
            with redirect(Machine()):
                for _ in range(40):
                    torch.zeros(1, device="cuda")
    except KeyboardInterrupt:
        interrupted += 1
    assert torch._C._len_torch_function_stack() == 0
    assert current_mode() is None
assert interrupted == 40, "an interrupt was swallowed"
# What an interrupt between two instructions of an exit leaves, the next block takes away.
with redirect(Machine()):
    pass
assert names() == before
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timer")
def test_an_interrupt_at_any_moment_leaves_nothing_behind(tmp_path: Path) -> None:
    # In a process of its own: callbacks of test tools swallow interrupts too.
    run_python(INTERRUPTED, cwd=tmp_path)


FILES = (str(Path(torchdet.runtime.redirect.__file__).parent), contextlib.__file__)


class InterruptAt:
    """Raises KeyboardInterrupt at the n-th moment of a block at which Python looks for signals.

    Python does when a function begins or a generator goes on, after each call, and at the end of
    each round of a loop.
    """

    def __init__(self, number: int) -> None:
        self.left = number
        self.after_call: dict[FrameType, bool] = {}

    def __call__(self, frame: FrameType, event: str, argument: object) -> InterruptAt | None:
        if not frame.f_code.co_filename.startswith(FILES):
            return None
        frame.f_trace_opcodes = True
        looks = event == "call"
        if event == "opcode":
            name = dis.opname[frame.f_code.co_code[frame.f_lasti]]
            looks = self.after_call.get(frame, False) or name.startswith("JUMP_BACKWARD")
            self.after_call[frame] = name.startswith("CALL")
        self.left -= looks
        if looks and self.left == 0:
            self.after_call.clear()
            raise KeyboardInterrupt
        return self


def interrupted_at(number: int) -> bool:
    """Enter and leave a block inside another one, interrupted; tell whether it came to that."""
    before = sys.gettrace()
    sys.settrace(InterruptAt(number))
    try:
        with redirect(CPU_ONLY):
            pass
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@needs_no_cuda
def test_an_interrupt_at_every_moment_of_a_block_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Owner:
        name = "original"

    replacement = Replacement(Owner, "name", lambda original: f"stand-in for the {original}")
    monkeypatch.setattr(context, "_INSTALLATION", Installation(lambda: [replacement]))
    for inside, expected in ((contextlib.nullcontext(), "refused"), (redirect(META), "meta")):
        with inside:
            mode, depth = current_mode(), torch._C._len_torch_function_stack()
            number = 1
            while interrupted_at(number):
                number += 1
                assert torch._C._len_torch_function_stack() == depth, number
                assert current_mode() is mode, number
                assert kind("cpu" if mode else "cuda") == expected, number
                assert (Owner.name == "original") == (mode is None), number
            assert number > 100, "the moments of a whole block"


async def _asks_late(delay: float, machine: Machine) -> str:
    with redirect(machine):
        await asyncio.sleep(delay)
        return kind("cuda")


def test_interleaved_tasks_end_as_they_began() -> None:
    async def main() -> list[str]:
        tasks = [_asks_late(0.01 * (each % 3), CPU_ONLY) for each in range(6)]
        return await asyncio.gather(*tasks)

    assert asyncio.run(main()) == ["cpu"] * 6
    assert torch._C._len_torch_function_stack() == 0
    assert current_mode() is None


# --- processes --------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_stays_off_its_parents_accelerator() -> None:
    with redirect(META):
        child = os.fork()
        if child == 0:
            as_it_should = (
                kind("cpu") == "cpu"
                and not torch.zeros(1).is_meta
                and torch.zeros(1, device="meta").is_meta
            )
            os._exit(0 if as_it_should else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert torch.zeros(1).is_meta


def _answer(connection: multiprocessing.connection.Connection) -> None:  # type: ignore[name-defined]
    connection.send((kind(), torch.cuda.device_count()))
    connection.close()


class AsksForCuda(Dataset[torch.Tensor]):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.tensor([float(index)], device="cuda").cuda()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_child_processes_are_redirected() -> None:
    context = multiprocessing.get_context()
    ours, theirs = context.Pipe()
    with redirect(CPU_ONLY, "masquerade"):
        process = context.Process(target=_answer, args=(theirs,))
        process.start()
        assert ours.poll(120)
        assert ours.recv() == ("cuda", 1), "the mode is handed on too"
        process.join(PATIENCE)
    assert process.exitcode == 0


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_data_loader_workers_are_redirected(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    with redirect(CPU_ONLY):
        loader = DataLoader(AsksForCuda(), num_workers=1, multiprocessing_context=method)
        assert [batch.item() for batch in loader] == [0.0, 1.0]
