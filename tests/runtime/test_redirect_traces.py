"""Leaving a block leaves no trace in torch, whatever happened inside."""

from __future__ import annotations

import contextlib
import multiprocessing.process
import threading
from collections.abc import Callable, Iterable, Iterator

import pytest
import torch
import torch._dynamo  # what it changes in torch when it is first imported is not redirection's
import torch.cuda.amp
import torch.nested

from tests.patience import PATIENCE
from torchdet.runtime.devices import Machine
from torchdet.runtime.redirect import redirect
from torchdet.runtime.redirect.replacements import Installation, Replacement

CPU_ONLY = Machine()
META = Machine((("meta", 1),))

OWNERS = [
    torch, torch.cuda, torch.Tensor, torch.nn.Module, torch.nn, torch.autograd,
    torch.autograd.graph, torch.serialization, torch.storage, torch.jit, torch.nested, torch.amp,
    torch.amp.autocast, torch.amp.GradScaler, torch.cuda.amp, torch.cuda.amp.autocast,
    torch.cuda.memory, torch.cuda.random, torch.cuda.streams, torch.cuda.graphs, torch.cuda.nvtx,
    torch.cuda.profiler, torch.storage._StorageBase, torch.UntypedStorage, torch.utils._device,
    torch.overrides, torch.backends, torch.mps, torch.xpu, torch.accelerator, torch.random,
    torch.utils.data, threading, threading.Thread, multiprocessing.process.BaseProcess,
]  # fmt: skip


def state() -> list[tuple[object, tuple[tuple[str, int], ...]]]:
    """Every name of the owners with the identity of its value, in order."""
    return [(each, tuple((k, id(v)) for k, v in vars(each).items())) for each in OWNERS]


def values() -> set[int]:
    """The identities of the values that the owners' names have."""
    return {value for _, names in state() for _, value in names}


@pytest.fixture(autouse=True)
def _no_trace() -> Iterator[None]:
    with redirect(CPU_ONLY):  # what torch itself loads on first use is loaded now
        use_torch()
    before = state()
    modes = torch._C._len_torch_function_stack()
    yield
    after = state()
    for (owner, old), (_, new) in zip(before, after, strict=True):
        assert old == new, f"{owner} has changed: {set(old) ^ set(new)}"
    assert torch._C._len_torch_function_stack() == modes


def use_torch() -> None:
    model = torch.nn.Linear(2, 2, device="cuda").cuda()
    model(torch.ones(1, 2, device="mps")).sum().backward()
    torch.cuda.synchronize()
    torch.cuda.get_device_properties(0)
    torch.cuda.Stream()
    with torch.autocast("cuda"):
        torch.amp.GradScaler("cuda")


def test_after_use() -> None:
    during = None
    with redirect(CPU_ONLY):
        use_torch()
        during = state()
    assert during != state(), "the comparison sees nothing"


def test_after_nested_use() -> None:
    with redirect(CPU_ONLY):
        with redirect(META):
            torch.zeros(1)
        use_torch()


class Stop(BaseException):
    pass


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit, Stop])
def test_after_exceptions(error: type[BaseException]) -> None:
    with contextlib.suppress(error), redirect(CPU_ONLY):
        use_torch()
        with redirect(META):
            raise error


def test_after_an_error_of_torch() -> None:
    with pytest.raises(RuntimeError), redirect(CPU_ONLY):
        torch.zeros(1, device="banana")


def test_after_threads() -> None:
    def work() -> None:
        for _ in range(10):
            with redirect(CPU_ONLY):
                use_torch()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_while_another_thread_is_still_inside() -> None:
    before = state()
    inside, leave = threading.Event(), threading.Event()

    def work() -> None:
        with redirect(CPU_ONLY):
            inside.set()
            leave.wait(PATIENCE)

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait(PATIENCE)
    with redirect(CPU_ONLY):
        use_torch()
    assert state() != before, "the other thread still needs the stand-ins"
    with redirect(CPU_ONLY):
        use_torch()
    leave.set()
    thread.join()
    assert state() == before


def test_left_on_another_thread_than_entered() -> None:
    block = redirect(CPU_ONLY)

    def elsewhere() -> None:
        block.__exit__(None, None, None)

    def enter_and_hand_over() -> None:
        block.__enter__()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert not torch.zeros(1, device="cpu").is_meta
        with pytest.raises((AssertionError, RuntimeError)):
            torch.zeros(1, device="mps")

    thread = threading.Thread(target=enter_and_hand_over)
    thread.start()
    thread.join()


def test_a_generator_that_is_dropped_inside_a_block() -> None:
    def steps() -> Iterator[int]:
        with redirect(CPU_ONLY):
            yield 1

    generator = steps()
    assert next(generator) == 1
    del generator


def test_a_default_device_set_inside_is_the_programs_own() -> None:
    try:
        with redirect(CPU_ONLY):
            torch.set_default_device("cuda")
        assert torch.get_default_device() == torch.device("cpu")
        torch.zeros(1)
    finally:
        torch.set_default_device(None)


def test_a_name_that_somebody_else_replaces_is_left_to_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Owner:
        name = "original"

    def make(original: object) -> object:
        return f"stand-in for the {original}"

    installation = Installation(lambda: [Replacement(Owner, "name", make)])
    with installation.installed():
        assert Owner.name == "stand-in for the original"
        Owner.name = "somebody's"
    assert Owner.name == "somebody's"
    assert "replaced by somebody else" in caplog.text


def test_an_installation_that_fails_puts_back_what_it_had_done() -> None:
    class Owner:
        first = "original"
        second = "original"

    def fail(original: object) -> object:
        raise ValueError(original)

    replacements = [Replacement(Owner, "first", str.upper), Replacement(Owner, "second", fail)]  # type: ignore[arg-type]
    with (
        pytest.raises(ValueError, match="original"),
        Installation(lambda: replacements).installed(),
    ):
        raise AssertionError("never entered")
    assert Owner.first == "original"


def test_inherited_names_are_taken_away_again() -> None:
    class Parent:
        name = "inherited"

    class Child(Parent):
        pass

    replacement = Replacement(Child, "name", lambda original: f"stand-in for {original}")
    with Installation(lambda: [replacement]).installed():
        assert (Child.name, Parent.name) == ("stand-in for inherited", "inherited")
    assert "name" not in vars(Child)


@pytest.mark.parametrize(
    "table",
    [torch.overrides.get_ignored_functions, torch.overrides.get_testing_overrides,
     torch.utils._device._device_constructors],
)  # fmt: skip
def test_torchs_own_tables_hold_no_stand_in(table: Callable[[], Iterable[object]]) -> None:
    before = values()
    with redirect(CPU_ONLY):
        stand_ins = values() - before
        held = {id(each) for each in table()}
    assert stand_ins
    assert not held & stand_ins
