"""The table as redirection asks it, on machines that need not exist."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from torchdet.runtime.devices import Machine
from torchdet.runtime.redirect.placement import implicit_placement, place

MPS, CUDA, CPU = Machine((("mps", 1),)), Machine((("cuda", 2),)), Machine()
MACHINES = {"mps": MPS, "cuda": CUDA, "cpu": CPU}

# TorchDevice's table, written down by hand: asked -> what it becomes on MPS, CUDA and CPU only,
# with the override off. A dot means: as it was asked.
TABLE = """
cpu        mps:0   cuda:0   .
cpu:0      mps:0   cuda:0   .
mps        .       cuda:0   cpu
mps:0      .       cuda:0   cpu
cuda       mps:0   .        cpu
cuda:0     mps:0   .        cpu
cuda:1     mps:0   .        cpu
cuda:2     mps:0   cuda:0   cpu
cuda:5     mps:0   cuda:1   cpu
xpu        mps:0   cuda:0   cpu
xpu:3      mps:0   cuda:1   cpu
meta       .       .        .
meta:0     .       .        .
hpu        .       .        .
"""
ROWS = [
    (asked, kind, given)
    for asked, *answers in map(str.split, TABLE.strip().splitlines())
    for kind, given in zip(("mps", "cuda", "cpu"), answers, strict=True)
]


@pytest.mark.parametrize(("asked", "kind", "given_device"), ROWS)
@pytest.mark.parametrize("as_object", [False, True], ids=["text", "torch.device"])
def test_every_row_on_every_machine(
    asked: str, kind: str, given_device: str, as_object: bool
) -> None:
    spec = torch.device(asked) if as_object else asked
    placement = place(spec, MACHINES[kind], cpu_override=False)
    if given_device == ".":
        assert placement is None
    else:
        assert placement is not None
        assert str(placement.device) == given_device
        assert not placement.toggles


@pytest.mark.parametrize(("kind", "home"), [("mps", "mps:0"), ("cuda", "cuda:0"), ("cpu", None)])
def test_no_device_goes_to_the_accelerator(kind: str, home: str | None) -> None:
    placement = implicit_placement(MACHINES[kind])
    assert (None if placement is None else str(placement.device)) == home


@pytest.mark.parametrize("kind", MACHINES)
@pytest.mark.parametrize("override", [False, True])
def test_the_override_is_the_cpu_and_toggles(kind: str, override: bool) -> None:
    placement = place("cpu:-1", MACHINES[kind], cpu_override=override)
    assert placement is not None
    assert (str(placement.device), placement.toggles) == ("cpu", True)


@pytest.mark.parametrize("kind", MACHINES)
def test_under_the_override_an_explicit_cpu_stays(kind: str) -> None:
    assert place("cpu", MACHINES[kind], cpu_override=True) is None
    assert place("cpu:0", MACHINES[kind], cpu_override=True) is None


@pytest.mark.parametrize("spec", ["banana", "cuda:x", "auto", "0", "", "CUDA", "cuda:-1", -1, -9])
@pytest.mark.parametrize("kind", MACHINES)
def test_what_is_no_device_is_left_to_torch(spec: str | int, kind: str) -> None:
    assert place(spec, MACHINES[kind], cpu_override=False) is None


@pytest.mark.parametrize(
    ("code", "kind", "given_device"),
    [(0, "cpu", "cpu"), (3, "cpu", "cpu"), (0, "mps", None), (2, "mps", "mps:0"),
     (1, "cuda", None), (5, "cuda", "cuda:1")],
)  # fmt: skip
def test_bare_indices_mean_the_accelerator(code: int, kind: str, given_device: str | None) -> None:
    placement = place(code, MACHINES[kind], cpu_override=False)
    assert (None if placement is None else str(placement.device)) == given_device


SPECS = st.one_of(
    st.sampled_from(["cpu", "cuda", "mps", "xpu", "meta", "banana"]).flatmap(
        lambda kind: st.one_of(st.just(kind), st.integers(0, 99).map(lambda i: f"{kind}:{i}"))
    ),
    st.integers(-2, 99),
    st.text(max_size=6),
)
COUNTS = st.integers(1, 8)


@given(SPECS, st.sampled_from(["cuda", "mps", "xpu"]), COUNTS, st.booleans())
def test_an_answer_is_a_device_that_exists_and_is_final(
    spec: str | int, kind: str, count: int, override: bool
) -> None:
    machine = Machine(((kind, 1 if kind == "mps" else count),))
    placement = place(spec, machine, cpu_override=override)
    if placement is None or placement.toggles:
        return
    device = placement.device
    assert device.type == kind
    assert 0 <= (device.index or 0) < machine.count(kind)
    assert place(str(device), machine, cpu_override=override) is None, "the answer moves again"
