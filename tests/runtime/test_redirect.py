"""Redirection of torch calls, run for real.

Two machines can be run without an accelerator: one without any (requests for CUDA and MPS go to
the CPU), and one whose only accelerator is torch's ``meta`` device (requests that name the CPU or
nothing go there). What happens on CUDA and MPS is the same code with another answer of the table,
which is tested on its own.
"""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._device import _device_constructors
from torch.utils.data import DataLoader, TensorDataset

from torchdet.runtime.devices import Machine
from torchdet.runtime.redirect import redirect
from torchdet.runtime.redirect.rules import redirection_rules

CPU_ONLY = Machine()
META = Machine((("meta", 1),))

x = torch.ones(2, 2)
index = torch.tensor([[0, 1], [1, 0]])

# Functions of torch that make tensors, with arguments. TorchDevice covers them or fails on them.
CREATION: dict[str, Callable[..., torch.Tensor]] = {
    "tensor": lambda **k: torch.tensor([1.0], **k),
    "as_tensor": lambda **k: torch.as_tensor([1.0], **k),
    "asarray": lambda **k: torch.asarray([1.0], **k),
    "zeros": lambda **k: torch.zeros(2, **k),
    "ones": lambda **k: torch.ones(2, **k),
    "empty": lambda **k: torch.empty(2, **k),
    "full": lambda **k: torch.full((2,), 1.0, **k),
    "eye": lambda **k: torch.eye(2, **k),
    "arange": lambda **k: torch.arange(3, **k),
    "range": lambda **k: torch.range(0, 3, **k),
    "linspace": lambda **k: torch.linspace(0, 1, 3, **k),
    "logspace": lambda **k: torch.logspace(0, 1, 3, **k),
    "scalar_tensor": lambda **k: torch.scalar_tensor(1.0, **k),
    "empty_strided": lambda **k: torch.empty_strided((2,), (1,), **k),
    "empty_permuted": lambda **k: torch.empty_permuted((2, 3), (1, 0), **k),
    "rand": lambda **k: torch.rand(2, **k),
    "randn": lambda **k: torch.randn(2, **k),
    "randint": lambda **k: torch.randint(3, (2,), **k),
    "randperm": lambda **k: torch.randperm(3, **k),
    "normal": lambda **k: torch.normal(0.0, 1.0, size=(2,), **k),
    "fftfreq": lambda **k: torch.fft.fftfreq(4, **k),
    "rfftfreq": lambda **k: torch.fft.rfftfreq(4, **k),
    "tril_indices": lambda **k: torch.tril_indices(3, 3, **k),
    "triu_indices": lambda **k: torch.triu_indices(3, 3, **k),
    "hann_window": lambda **k: torch.hann_window(4, **k),
    "hamming_window": lambda **k: torch.hamming_window(4, **k),
    "bartlett_window": lambda **k: torch.bartlett_window(4, **k),
    "blackman_window": lambda **k: torch.blackman_window(4, **k),
    "kaiser_window": lambda **k: torch.kaiser_window(4, **k),
    "signal_window": lambda **k: torch.signal.windows.cosine(4, **k),
    "sparse_coo_tensor": lambda **k: torch.sparse_coo_tensor(
        [[0]], [1.0], (2,), check_invariants=True, **k
    ),
    "sparse_csr_tensor": lambda **k: torch.sparse_csr_tensor(
        [0, 1], [0], [1.0], (1, 1), check_invariants=True, **k
    ),
    "sparse_csc_tensor": lambda **k: torch.sparse_csc_tensor(
        [0, 1], [0], [1.0], (1, 1), check_invariants=True, **k
    ),
    "sparse_bsr_tensor": lambda **k: torch.sparse_bsr_tensor(
        [0, 1], [0], [[[1.0]]], (1, 1), check_invariants=True, **k
    ),
    "sparse_compressed_tensor": lambda **k: torch.sparse_compressed_tensor(
        [0, 1], [0], [1.0], (1, 1), layout=torch.sparse_csr, check_invariants=True, **k
    ),
}
# Functions that take their device from a tensor unless one is named.
FROM_TENSORS: dict[str, Callable[..., torch.Tensor]] = {
    "zeros_like": lambda **k: torch.zeros_like(x, **k),
    "ones_like": lambda **k: torch.ones_like(x, **k),
    "empty_like": lambda **k: torch.empty_like(x, **k),
    "full_like": lambda **k: torch.full_like(x, 1.0, **k),
    "rand_like": lambda **k: torch.rand_like(x, **k),
    "randn_like": lambda **k: torch.randn_like(x, **k),
    "randint_like": lambda **k: torch.randint_like(x, 3, **k),
    "new_tensor": lambda **k: x.new_tensor([1.0], **k),
    "new_zeros": lambda **k: x.new_zeros(2, **k),
    "new_ones": lambda **k: x.new_ones(2, **k),
    "new_empty": lambda **k: x.new_empty(2, **k),
    "new_full": lambda **k: x.new_full((2,), 1.0, **k),
    "new_empty_strided": lambda **k: x.new_empty_strided((2,), (1,), **k),
    "as_tensor of a tensor": lambda **k: torch.as_tensor(x, **k),
    "asarray of a tensor": lambda **k: torch.asarray(x, **k),
    "sparse of tensors": lambda **k: torch.sparse_coo_tensor(
        index, x[0], (2, 2), check_invariants=True, **k
    ),
    "nested_tensor": lambda **k: torch.nested.nested_tensor([x], layout=torch.jagged, **k),
}
# Torch itself cannot make these on meta.
WITHOUT_META = {"kaiser_window", *(name for name in CREATION if name.startswith("sparse"))}
EVERY = {**CREATION, **FROM_TENSORS}
ASKED = ["cuda", "cuda:0", "cuda:7", "mps", "mps:0", "xpu:1", 0, 3, torch.device("cuda", 1)]


@pytest.fixture
def cpu_only() -> Iterator[None]:
    with redirect(CPU_ONLY):
        yield


@pytest.fixture
def meta_machine() -> Iterator[None]:
    with redirect(META):
        yield


class TestWithoutAnAccelerator:
    """Requests for an accelerator become the CPU."""

    pytestmark = pytest.mark.usefixtures("cpu_only")

    @pytest.mark.parametrize("name", EVERY)
    def test_functions_that_make_tensors(self, name: str) -> None:
        for asked in ("cuda:1", torch.device("mps"), 0):
            assert EVERY[name](device=asked).device.type == "cpu"
        assert EVERY[name]().device.type == "cpu"

    @pytest.mark.parametrize("asked", ASKED, ids=str)
    def test_every_way_to_name_a_device(self, asked: str | int | torch.device) -> None:
        assert torch.zeros(2, device=asked).device == torch.device("cpu")
        assert x.to(asked).device.type == "cpu"
        assert x.to(device=asked).device.type == "cpu"
        assert x.to(asked, torch.float64, True).dtype == torch.float64
        assert nn.Linear(1, 1).to(asked).weight.device.type == "cpu"
        assert nn.Linear(1, 1, device=asked).weight.device.type == "cpu"

    def test_moves(self) -> None:
        assert x.cuda() is x
        assert x.cuda(1) is x
        assert x.cuda("cuda:1", non_blocking=True) is x
        assert x.cuda(device=torch.device("cuda")) is x
        assert x.xpu().device.type == "cpu"
        assert x.cpu() is x
        assert x.to(x.double()).dtype == torch.float64
        assert x.to(torch.float16).dtype == torch.float16
        assert x.to(x) is x

    def test_devices_as_objects(self) -> None:
        for made in (
            torch.device("cuda"),
            torch.device("cuda:1"),
            torch.device("cuda", 1),
            torch.device(type="cuda", index=1),
            torch.device(0),
            torch.device(torch.device("mps")),
        ):
            assert made == torch.device("cpu")
            assert type(made) is torch.device
        assert isinstance(torch.device("cuda"), torch.device)
        assert issubclass(torch.device, object)
        assert pickle.loads(pickle.dumps(torch.device("cuda"))) == torch.device("cpu")

    def test_unknown_devices_are_torchs_to_refuse(self) -> None:
        assert torch.zeros(2, device="meta").is_meta
        assert x.to("meta").is_meta
        assert torch.device("meta") == torch.empty(0, device="meta").device
        for spec in ("banana", "cuda:x", "cuda:-1", "auto", "0"):
            with pytest.raises(RuntimeError, match=r"[Dd]evice"):
                torch.zeros(2, device=spec)
        with pytest.raises(RuntimeError):
            x.to(-3)
        with pytest.raises(TypeError):
            torch.zeros(2, device=object())  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "call",
        [
            torch.device,
            lambda: torch.device("cuda", 1, 2),  # type: ignore[call-overload]
            lambda: torch.zeros(2, device="cuda", bogus=1),  # type: ignore[call-overload]
            lambda: x.cuda(bogus=1),  # type: ignore[call-arg]
            lambda: x.cuda(1, 2, 3, 4, 5),  # type: ignore[call-arg]
            lambda: x.cpu(bogus=1),  # type: ignore[call-arg]
            lambda: x.to("cuda", "cuda"),  # type: ignore[call-overload]
            torch.Tensor.cuda,
            lambda: x.random_(generator=3),  # type: ignore[call-overload]
            torch.bernoulli,
            lambda: torch.Generator("cuda", 1, 2),  # type: ignore[call-arg]
            lambda: torch.autocast(3),  # type: ignore[arg-type]
        ],
    )
    def test_wrong_calls_are_torchs_to_refuse(self, call: Callable[[], object]) -> None:
        with pytest.raises((TypeError, RuntimeError, ValueError)):
            call()

    def test_modules_and_optimizers(self) -> None:
        model = nn.Sequential(nn.Linear(2, 2, device="cuda:3"), nn.BatchNorm1d(2)).cuda().half()
        model = model.float().to("cuda:1").to(device="mps").cpu().cuda(0)
        assert {p.device.type for p in model.parameters()} == {"cpu"}
        assert {b.device.type for b in model.buffers()} == {"cpu"}
        assert model.to_empty(device="cuda") is model
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.fill_(0.5)
        for optimizer in (
            torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
            torch.optim.Adam(model.parameters(), lr=0.1),
        ):
            before = model[0].weight.detach().clone()
            loss = model(torch.tensor([[1.0, 2], [3, 5]], device="cuda")).square().sum()
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            assert not torch.equal(before, model[0].weight)
            state = copy.deepcopy(optimizer.state_dict())
            optimizer.load_state_dict(state)

    def test_the_default_device(self) -> None:
        try:
            torch.set_default_device("cuda:1")
            assert torch.get_default_device() == torch.device("cpu")
            assert torch.zeros(2).device.type == "cpu"
        finally:
            torch.set_default_device(None)
        with torch.device("cuda"):
            assert torch.zeros(2).device.type == "cpu"
        with torch.device("meta"):
            assert torch.zeros(2).is_meta
            assert nn.Linear(2, 2).weight.is_meta
            assert torch.zeros(2, device="cuda").device.type == "cpu"
        assert torch.zeros(2).device.type == "cpu"

    def test_legacy_types(self) -> None:
        assert x.type("torch.cuda.HalfTensor").dtype == torch.float16
        assert x.type(torch.cuda.DoubleTensor).dtype == torch.float64
        assert x.type(torch.float64).dtype == torch.float64
        assert x.type() == "torch.FloatTensor"
        assert torch.cuda.FloatTensor([1.0, 2.0]).tolist() == [1.0, 2.0]
        assert torch.cuda.LongTensor(2, 3).shape == (2, 3)
        assert isinstance(torch.ones(2), torch.cuda.FloatTensor)
        assert not isinstance(torch.ones(2), torch.cuda.HalfTensor)

    def test_pinning_does_nothing_where_nothing_reads_it(self) -> None:
        assert torch.zeros(2, pin_memory=True).device.type == "cpu"
        assert x.pin_memory() is x
        x.record_stream(torch.cuda.current_stream())

    def test_numpy(self) -> None:
        assert x.cuda().cpu().numpy().tolist() == x.tolist()
        assert np.asarray(x.cuda()).sum() == 4

    def test_pickling_and_copies(self) -> None:
        tensor = torch.ones(2, device="cuda", requires_grad=True)
        again = pickle.loads(pickle.dumps(tensor))
        assert torch.equal(again, tensor)
        assert torch.equal(copy.deepcopy(tensor), tensor)
        model = pickle.loads(pickle.dumps(nn.Linear(2, 2).cuda()))
        assert model.weight.device.type == "cpu"

    def test_data_loaders(self) -> None:
        data = TensorDataset(torch.arange(8, device="cuda").float())
        generator = torch.Generator(device="cuda").manual_seed(0)
        for options in ({}, {"shuffle": True}, {"shuffle": True, "generator": generator}):
            batches = [batch.cuda() for (batch,) in DataLoader(data, batch_size=4, **options)]
            assert sorted(torch.cat(batches).tolist()) == list(range(8))

    def test_tensor_subclasses(self) -> None:
        class Named(torch.Tensor):
            pass

        named = torch.ones(2).as_subclass(Named)
        assert type(named.cuda()) is Named
        assert type(named.to("cuda") + 1) is Named
        assert isinstance(nn.Parameter(torch.ones(2)).cuda(), nn.Parameter)

    def test_same_numbers_as_plain_torch(self) -> None:
        torch.manual_seed(3)
        redirected = [torch.randn(4, device="cuda"), torch.rand(4), torch.randperm(9)]
        redirected.append(torch.randn(3, generator=torch.Generator("cuda").manual_seed(1)))
        torch.manual_seed(3)
        plain = [torch.randn(4), torch.rand(4), torch.randperm(9)]
        plain.append(torch.randn(3, generator=torch.Generator().manual_seed(1)))
        for ours, theirs in zip(redirected, plain, strict=True):
            assert torch.equal(ours, theirs)


class TestOnAnAccelerator:
    """Requests for nothing, or for the CPU, become the accelerator (here: meta)."""

    pytestmark = pytest.mark.usefixtures("meta_machine")

    @pytest.mark.parametrize("name", sorted(set(CREATION) - WITHOUT_META))
    def test_no_device_and_the_cpu_are_the_accelerator(self, name: str) -> None:
        for options in ({}, {"device": None}, {"device": "cpu"}, {"device": "cuda:3"}):
            assert CREATION[name](**options).is_meta, options

    @pytest.mark.parametrize("name", sorted(set(FROM_TENSORS) - {"nested_tensor"}))
    def test_what_follows_a_tensor_still_does(self, name: str) -> None:
        assert FROM_TENSORS[name]().device.type == "cpu"

    @pytest.mark.parametrize("name", [n for n in FROM_TENSORS if n.endswith(("_like", "zeros"))])
    def test_unless_a_device_is_named(self, name: str) -> None:
        assert FROM_TENSORS[name](device="cpu").is_meta

    def test_moves(self) -> None:
        assert x.to("cpu").is_meta
        assert x.cpu().is_meta
        assert x.to(torch.device("cpu")).is_meta
        assert x.cuda().is_meta
        assert x.to(device="cpu", dtype=torch.float16).dtype == torch.float16

    def test_modules(self) -> None:
        model = nn.Linear(2, 2)
        assert model.weight.is_meta
        assert nn.Linear(2, 2, device="cpu").weight.is_meta
        assert nn.Linear(2, 2, device="cpu:-1").weight.device.type == "cpu"

    def test_the_override_toggles(self) -> None:
        assert torch.zeros(2, device="cpu").is_meta
        assert not torch.zeros(2, device="cpu:-1").is_meta
        assert not torch.zeros(2, device="cpu").is_meta
        assert not x.to("cpu").is_meta
        assert not x.cpu().is_meta
        assert torch.zeros(2).is_meta, "the override is about explicit requests"
        assert torch.zeros(2, device="cuda").is_meta
        assert not torch.zeros(2, device="cpu:-1").is_meta, "the second one is the CPU too"
        assert torch.zeros(2, device="cpu").is_meta

    @pytest.mark.parametrize(
        "make", [lambda: torch.device("cpu:-1"), lambda: torch.device("cpu", -1)]
    )
    def test_a_device_object_of_the_override_stays_the_cpu(
        self, make: Callable[[], torch.device]
    ) -> None:
        on = make()
        off = make()
        for device in (on, off):
            assert str(device) == "cpu"
            assert not torch.zeros(2, device=device).is_meta
            assert not x.to(device).is_meta
            assert not nn.Linear(2, 2, device=device).weight.is_meta
        assert torch.zeros(2, device="cpu").is_meta, "the override is off again"

    def test_a_module_moved_by_the_override_stays_on_the_cpu(self) -> None:
        model = nn.Linear(2, 2, device="cpu:-1")
        for _ in range(2):  # switches it off, and on
            model = model.to("cpu:-1")
            assert not model.weight.is_meta

    def test_what_torch_needs_on_the_host_stays_there(self) -> None:
        packed = nn.utils.rnn.pack_padded_sequence(torch.ones(3, 2, 4), [3, 2])
        assert packed.data.is_meta
        assert packed.batch_sizes.device.type == "cpu"
        drawn = torch.quasirandom.SobolEngine(2, scramble=True, seed=1).draw(4)
        with redirect(Machine()):
            plain = torch.quasirandom.SobolEngine(2, scramble=True, seed=1).draw(4)
        assert torch.equal(drawn, plain)

    def test_the_default_device(self) -> None:
        assert torch.get_default_device().type == "meta"
        with torch.device("cpu"):
            assert torch.zeros(2).is_meta
        with torch.device("cpu:-1"):
            assert not torch.zeros(2).is_meta

    def test_torchs_own_bookkeeping_is_left_on_the_host(self) -> None:
        with redirect(Machine()):  # a tensor to pickle; the block around it sees the accelerator
            tensor = torch.ones(2)
        assert pickle.loads(pickle.dumps(tensor)).tolist() == [1.0, 1.0]
        assert copy.deepcopy(tensor).tolist() == [1.0, 1.0]
        buffer = io.BytesIO()
        torch.save({"weight": tensor, "rng": torch.get_rng_state()}, buffer)
        loaded = torch.load(io.BytesIO(buffer.getvalue()))
        assert loaded["weight"].tolist() == [1.0, 1.0]
        torch.set_rng_state(loaded["rng"])
        model = nn.Linear(1, 1, device="cpu:-1")
        optimizer = torch.optim.Adam(model.parameters())
        with redirect(Machine()):
            model(torch.ones(1, 1)).sum().backward()
        optimizer.step()
        assert optimizer.state[model.weight]["step"].device.type == "cpu"

    def test_a_generator_of_the_host_serves_the_accelerator(self) -> None:
        generator = torch.Generator().manual_seed(7)
        assert generator.device.type == "cpu"
        before = generator.get_state()
        assert torch.randn(3, generator=generator).is_meta
        assert not torch.equal(before, generator.get_state()), "nothing was drawn"
        state = generator.get_state()
        torch.zeros(3).normal_(generator=generator)
        assert not torch.equal(state, generator.get_state())

    def test_samplers_draw_on_the_host(self) -> None:
        data = list(range(8))
        generator = torch.Generator().manual_seed(0)
        order = list(torch.utils.data.RandomSampler(data, generator=generator))
        with redirect(Machine()):
            plain = list(torch.utils.data.RandomSampler(data, generator=generator.manual_seed(0)))
        assert order == plain


def test_every_constructor_that_torch_knows_has_a_rule() -> None:
    # No override mode sees these two; they have stand-ins.
    unseen = {torch.nested.nested_tensor, torch.range}
    known = set(_device_constructors()) - unseen
    assert known <= set(redirection_rules())


def test_outside_a_block_nothing_is_redirected() -> None:
    if not torch.cuda.is_available():
        with pytest.raises((AssertionError, RuntimeError)):
            torch.zeros(2, device="cuda")
    with pytest.raises(RuntimeError):
        torch.device("cpu:-1")
    assert torch.zeros(2, device="cpu").device.type == "cpu"


def test_a_block_may_be_used_again_and_as_a_decorator() -> None:
    @redirect(CPU_ONLY)
    def run() -> str:
        return str(torch.zeros(1, device="cuda").device)

    assert (run(), run()) == ("cpu", "cpu")


def test_the_innermost_block_acts_and_the_outer_one_returns() -> None:
    with redirect(META):
        assert torch.zeros(1).is_meta
        with redirect(CPU_ONLY):
            assert not torch.zeros(1, device="cpu").is_meta
            assert not torch.zeros(1, device="mps").is_meta
            with redirect(META):
                assert not torch.zeros(1, device="cpu:-1").is_meta
                assert not torch.zeros(1, device="cpu").is_meta
        assert torch.zeros(1, device="cpu").is_meta, "the inner override stays inside"


class Counting(TorchFunctionMode):
    """Another mode of the program's."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[object] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        self.calls.append(func)
        return func(*args, **(kwargs or {}))


def test_other_modes_go_on_working() -> None:
    outside, inside = Counting(), Counting()
    with outside, redirect(CPU_ONLY), inside:
        torch.zeros(1, device="cuda")
    assert torch.zeros in inside.calls
    assert torch.zeros in outside.calls


def test_modes_left_on_the_stack_by_the_program_stay() -> None:
    left = Counting()
    with redirect(CPU_ONLY):
        left.__enter__()
        torch.zeros(1, device="cuda")
    try:
        torch.zeros(1)
        assert left.calls.count(torch.zeros) == 2
    finally:
        left.__exit__(None, None, None)
    assert torch._C._len_torch_function_stack() == 0
