"""torch.compile inside a block: whole graphs, the same answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

from torchdet.runtime.devices import Machine
from torchdet.runtime.redirect import redirect

x = torch.ones(2)


def _factories(value: torch.Tensor) -> torch.Tensor:
    return value + torch.zeros(2, device="cuda:1") + torch.ones(2) + torch.full((2,), 2.0, device=0)


def _moves(value: torch.Tensor) -> torch.Tensor:
    return value.to("cuda") + value.cuda() + value.cpu() + value.to(device="mps", dtype=value.dtype)


def _devices(value: torch.Tensor) -> torch.Tensor:
    return torch.ones(2, device=torch.device("cuda", 1)) + value


def _queries(value: torch.Tensor) -> torch.Tensor:
    return value + torch.cuda.device_count() if torch.cuda.is_available() else value


def _likes(value: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(value, device="cuda") + value.new_ones(2, device="mps")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@pytest.mark.parametrize("function", [_factories, _moves, _devices, _queries, _likes])
@pytest.mark.filterwarnings("error")
def test_a_whole_graph(function: Callable[[torch.Tensor], torch.Tensor]) -> None:
    with redirect(Machine()):
        expected = function(x)
        compiled = torch.compile(function, backend="eager", fullgraph=True)
        for _ in range(2):
            assert torch.equal(compiled(x), expected)


def test_unnamed_devices_and_the_override() -> None:
    def unnamed(value: torch.Tensor) -> torch.Tensor:
        return torch.zeros(2)

    def named(value: torch.Tensor) -> torch.Tensor:
        return torch.zeros(2, device="cpu")

    def really(value: torch.Tensor) -> torch.Tensor:
        return torch.zeros(2, device="cpu:-1")

    with redirect(Machine((("meta", 1),))):
        answers = [
            torch.compile(each, backend="eager", fullgraph=True)(x).device.type
            for each in (unnamed, named, really)
        ]
        assert answers == ["meta", "meta", "cpu"]
        with torch.device("cpu:-1"):
            assert torch.compile(unnamed, backend="eager", fullgraph=True)(x).device.type == "cpu"


def test_mixed_precision() -> None:
    def product(value: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cuda", dtype=torch.bfloat16):
            return value @ value

    with redirect(Machine()):
        compiled = torch.compile(product, backend="eager", fullgraph=True)
        assert compiled(torch.ones(2, 2)).dtype == torch.bfloat16


def test_a_module_compiled_inside_and_called_outside() -> None:
    with redirect(Machine()):
        model = torch.nn.Linear(2, 2, device="cuda")
        compiled = torch.compile(model, backend="eager", fullgraph=True)
        inside = compiled(x)
    assert torch.equal(compiled(x), inside)
    assert torch.equal(model(x), inside)


def test_what_was_compiled_inside_is_compiled_anew_outside() -> None:
    if torch.cuda.is_available():
        pytest.skip("CUDA would be granted")
    compiled = torch.compile(_devices, backend="eager")
    with redirect(Machine()):
        compiled(x)
    with pytest.raises((AssertionError, RuntimeError)):
        compiled(x)


def test_fx_tracing_sees_the_placed_device() -> None:
    with redirect(Machine()):
        graph = torch.fx.symbolic_trace(lambda value: value.to("cuda") + 1)
        assert torch.equal(graph(x), x + 1)
