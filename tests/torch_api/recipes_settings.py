"""Recipes: switches of torch, optimizers, and what decides about order in Python."""

# torch leaves many functions without annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

import pytest
import torch
import torch._inductor.config as inductor
from torch import nn

from tests.torch_api.inputs import gradient
from tests.torch_api.observation import deterministic_algorithms, digest
from tests.torch_api.processes import fresh_python
from tests.torch_api.recipe import NothingToSeeError, Tensors, claim, operation, route

T = TypeVar("T")


def in_a_thread(ask: Callable[[], T]) -> T:
    """What ``ask`` returns in a new thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result()


# Deterministic mode


@claim("deterministic flag misuse")
def the_flag_is_global_and_forgets_warn_only(device: torch.device) -> None:
    torch.use_deterministic_algorithms(True, warn_only=True)
    assert torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True)
    assert not torch.is_deterministic_algorithms_warn_only_enabled()
    assert in_a_thread(torch.are_deterministic_algorithms_enabled)
    for wrong in (1, "yes", None):
        with pytest.raises(TypeError):
            torch.use_deterministic_algorithms(wrong)  # type: ignore[arg-type]  # the point


@claim("removed API")
def old_names_are_gone(device: torch.device) -> None:
    for name in ("set_deterministic", "is_deterministic"):
        assert not hasattr(torch, name)


@claim("set_deterministic_debug_mode")
def the_debug_mode_forgets_the_compiler(device: torch.device) -> None:
    torch.use_deterministic_algorithms(False)
    seen = []
    torch.set_deterministic_debug_mode("error")
    seen.append((torch.are_deterministic_algorithms_enabled(), inductor.deterministic))
    torch.use_deterministic_algorithms(True)
    seen.append((torch.are_deterministic_algorithms_enabled(), inductor.deterministic))
    torch.set_deterministic_debug_mode(0)
    seen.append((torch.are_deterministic_algorithms_enabled(), inductor.deterministic))
    assert seen == [(True, False), (True, True), (False, True)]


@route("torch.compile autotune")
@claim("inductor deterministic thread scope")
def the_compilers_flag_is_for_one_thread(device: torch.device) -> None:
    torch.use_deterministic_algorithms(True)
    assert inductor.deterministic
    assert in_a_thread(torch.are_deterministic_algorithms_enabled)
    assert not in_a_thread(lambda: inductor.deterministic)


@claim("compiled backward vs flag")
def compiled_gradients_want_the_flag_of_the_forward_pass(device: torch.device) -> None:
    torch._dynamo.reset()
    compiled = torch.compile(lambda x: (x * x).sum(), backend="aot_eager")
    with deterministic_algorithms(False):
        loss = compiled(torch.ones(3, requires_grad=True))
    with deterministic_algorithms(True):
        with pytest.raises(RuntimeError):
            loss.backward()
        compiled(torch.ones(3, requires_grad=True)).backward()
    torch._dynamo.reset()


@operation("jit profiling executor")
def a_scripted_function_as_it_warms_up(device: torch.device) -> Tensors:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.trace(lambda x: (x.sin() * x.exp()).sum(), torch.ones(99))
    return gradient(scripted, 999)(device)


# cuDNN, precision, threads


@claim("cudnn.benchmark", "cudnn.deterministic", "cudnn.enabled")
def deterministic_mode_leaves_the_switches_of_cudnn(device: torch.device) -> None:
    cudnn = torch.backends.cudnn
    assert (cudnn.enabled, cudnn.benchmark, cudnn.deterministic) == (True, False, False)
    cudnn.benchmark = True
    torch.use_deterministic_algorithms(True)
    assert (cudnn.enabled, cudnn.benchmark, cudnn.deterministic) == (True, True, False)


@claim("cudnn.flags defaults")
def flags_of_cudnn_reset_what_is_not_passed(device: torch.device) -> None:
    cudnn = torch.backends.cudnn
    cudnn.deterministic = True
    with cudnn.flags():
        assert (cudnn.enabled, cudnn.benchmark) == (False, False)
        assert (cudnn.deterministic, cudnn.allow_tf32) == (False, True)
    assert cudnn.deterministic


@claim("cudnn typo")
def a_misspelt_switch_of_cudnn_is_kept(device: torch.device) -> None:
    cudnn = torch.backends.cudnn
    cudnn.determinstic = True  # type: ignore[attr-defined]  # the misspelling is the point
    try:
        assert not cudnn.deterministic
        with pytest.raises(AttributeError):
            torch.backends.cuda.matmul.fp32_precison = "ieee"
    finally:
        del cudnn.determinstic  # type: ignore[attr-defined]  # as above


PRECISION = """
    import warnings
    import torch
    b = torch.backends
    warnings.simplefilter("ignore")

    def ask(read):
        try:
            return read()
        except RuntimeError:
            return "RuntimeError"

    print(b.cuda.matmul.allow_tf32, b.cudnn.allow_tf32, torch.get_float32_matmul_precision())
    b.cudnn.allow_tf32 = False
    print(b.cudnn.conv.fp32_precision, b.cudnn.rnn.fp32_precision)
    b.cudnn.allow_tf32 = True
    torch.set_float32_matmul_precision("high")
    torch.set_float32_matmul_precision("highest")
    print(b.cudnn.conv.fp32_precision)
    torch.set_float32_matmul_precision("unknown")
    print(torch.get_float32_matmul_precision())
    torch.set_float32_matmul_precision("medium")
    print(b.mkldnn.matmul.fp32_precision)
    torch.set_float32_matmul_precision("highest")
    b.cuda.matmul.fp32_precision = "tf32"
    print(ask(lambda: b.cuda.matmul.allow_tf32), ask(torch.get_float32_matmul_precision))
    b.cudnn.conv.fp32_precision = "none"
    b.fp32_precision = "ieee"
    print(b.cudnn.conv.fp32_precision, b.cuda.matmul.fp32_precision)
"""


@claim(
    "tf32 matmul legacy",
    "tf32 cudnn legacy",
    "fp32_precision new API",
    "float32_matmul_precision",
)
def old_and_new_switches_of_precision(device: torch.device) -> None:
    lines = fresh_python(PRECISION).splitlines()
    assert lines[0] == "False True highest"
    assert lines[1] == "none none"  # no TF32 is not the same as ieee
    assert lines[2] == "tf32"
    assert lines[3] == "highest"
    assert lines[4] == "bf16"
    assert lines[5] == "RuntimeError RuntimeError"
    assert lines[6] == "ieee tf32"


@claim("reduced precision reductions")
def reductions_in_lower_precision_are_allowed(device: torch.device) -> None:
    matmul = torch.backends.cuda.matmul
    seen = (
        matmul.allow_fp16_reduced_precision_reduction,
        matmul.allow_bf16_reduced_precision_reduction,
        matmul.allow_fp16_reduced_precision_reduction_split_k,
        matmul.allow_bf16_reduced_precision_reduction_split_k,
        matmul.allow_fp16_accumulation,
    )
    assert seen == (True, True, True, True, False)
    with pytest.raises(AttributeError):
        matmul.allow_fp16_reduced_precision_reduction_split_k = False
    matmul.allow_fp16_reduced_precision_reduction = (False, False)
    try:
        assert matmul.allow_fp16_reduced_precision_reduction_split_k is False
    finally:
        matmul.allow_fp16_reduced_precision_reduction = True


@claim("sdp switches")
def switches_of_attention_are_global(device: torch.device) -> None:
    cuda = torch.backends.cuda
    before = cuda.flash_sdp_enabled()
    cuda.enable_flash_sdp(not before)
    try:
        assert in_a_thread(cuda.flash_sdp_enabled) is not before
    finally:
        cuda.enable_flash_sdp(before)


@claim("flag freeze")
def frozen_switches_leave_others_writable(device: torch.device) -> None:
    answer = fresh_python("""
        import torch
        b = torch.backends
        b.disable_global_flags()
        seen = []
        for act in (
            lambda: setattr(b.cudnn, "benchmark", True),
            lambda: setattr(b.cudnn, "deterministic", False),
            lambda: setattr(b.mkldnn, "deterministic", True),
            lambda: setattr(b.cuda.matmul, "allow_tf32", True),
            lambda: setattr(b.cudnn.conv, "fp32_precision", "tf32"),
            lambda: torch.use_deterministic_algorithms(True),
        ):
            try:
                act()
            except RuntimeError:
                seen.append("frozen")
            else:
                seen.append("writable")
        print(*seen)
    """)
    assert answer.split() == ["frozen"] * 3 + ["writable"] * 3


@claim("set_default_dtype")
def the_default_dtype_is_global(device: torch.device) -> None:
    torch.set_default_dtype(torch.float64)
    assert in_a_thread(torch.get_default_dtype) is torch.float64


@claim("set_default_device")
def the_default_device_is_for_one_thread(device: torch.device) -> None:
    torch.set_default_device("meta")
    try:
        assert torch.empty(1).device.type == "meta"
        assert in_a_thread(lambda: torch.empty(1).device.type) == "cpu"
    finally:
        torch.set_default_device(None)


@claim("set_default_tensor_type")
def the_default_tensor_type_is_deprecated(device: torch.device) -> None:
    before = torch.get_default_dtype()
    torch.set_default_tensor_type(torch.DoubleTensor)
    assert torch.get_default_dtype() is torch.float64
    torch.set_default_dtype(before)
    assert "deprecated" in (torch.set_default_tensor_type.__doc__ or "")


@claim("set_flush_denormal")
def denormals_are_flushed_in_one_thread(device: torch.device) -> None:
    def is_flushed() -> bool:
        return (torch.tensor([1e-39]) * 1).item() == 0

    if not torch.set_flush_denormal(True):
        raise NothingToSeeError("the processor cannot flush denormals")
    try:
        assert is_flushed()
    finally:
        torch.set_flush_denormal(False)
    assert not is_flushed()


@claim("autograd globals")
def gradients_are_switched_for_one_thread_and_anomalies_for_all(device: torch.device) -> None:
    with torch.no_grad():
        assert in_a_thread(torch.is_grad_enabled)
    with torch.inference_mode():
        assert not in_a_thread(torch.is_inference_mode_enabled)
    with torch.autograd.set_detect_anomaly(True), warnings.catch_warnings():
        assert in_a_thread(torch.is_anomaly_enabled)
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(not before)
    assert in_a_thread(torch.is_warn_always_enabled) is not before
    torch.set_warn_always(before)


@claim("autocast globals", "autocast")
def autocast_is_for_one_thread(device: torch.device) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16
        assert not in_a_thread(lambda: torch.is_autocast_enabled("cpu"))
    assert not torch.is_autocast_enabled("cpu")


@claim("mkldnn flags")
def deterministic_mode_leaves_the_switches_of_onednn(device: torch.device) -> None:
    torch.use_deterministic_algorithms(True)
    assert not torch.backends.mkldnn.deterministic


@claim("opt_einsum")
def contractions_are_ordered_where_the_package_is_installed(device: torch.device) -> None:
    backend = torch.backends.opt_einsum
    assert backend.enabled is backend.is_available()


@claim("misc globals")
def other_settings_are_global(device: torch.device) -> None:
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(not before)
    seen = in_a_thread(torch.__future__.get_overwrite_module_params_on_conversion)
    torch.__future__.set_overwrite_module_params_on_conversion(before)
    assert seen is not before


# Optimizers


def trained(optimizer: Callable[..., torch.optim.Optimizer], **options: object) -> str:
    """The bits of parameters after some steps on seeded gradients."""
    g = torch.Generator().manual_seed(0)
    parameters = [nn.Parameter(torch.randn(999, generator=g)) for _ in range(3)]
    steps = optimizer(parameters, lr=1e-3, **options)
    for _ in range(20):
        for parameter in parameters:
            parameter.grad = torch.randn(999, generator=g)
        steps.step()
    return digest(tuple(parameters))


@claim("fused optimizers", "foreach/fused choice")
def fused_steps_have_other_bits_that_repeat(device: torch.device) -> None:
    for optimizer in (torch.optim.Adam, torch.optim.AdamW):
        fused = trained(optimizer, fused=True)
        assert fused == trained(optimizer, fused=True)
        assert fused != trained(optimizer, foreach=False)
        # On the CPU nothing is chosen: a loop over the parameters runs.
        assert trained(optimizer) == trained(optimizer, foreach=False)


@claim("ema/swa")
def updated_batch_norm_depends_on_the_order_of_batches(device: torch.device) -> None:
    g = torch.Generator().manual_seed(0)
    batches = [torch.randn(size, 3, generator=g) * size for size in (3, 5, 7)]

    def statistics(order: list[torch.Tensor]) -> str:
        layer = nn.BatchNorm1d(3)
        torch.optim.swa_utils.update_bn(order, layer)
        assert layer.running_mean is not None
        return digest(layer.running_mean)

    assert statistics(batches) == statistics(batches)
    assert statistics(batches) != statistics(batches[::-1])


@claim("GradScaler")
def steps_with_infinite_gradients_are_skipped(device: torch.device) -> None:
    parameter = nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    scaler.scale(parameter.sum() * float("inf")).backward()
    scaler.step(optimizer)
    scaler.update()
    assert parameter.item() == 1
    assert scaler.state_dict()["scale"] == 1.0


@claim("LBFGS")
def lbfgs_repeats_on_equal_inputs(device: torch.device) -> None:
    def minimum(start: float) -> tuple[float, int]:
        x = nn.Parameter(torch.tensor([start, 1.0]))
        optimizer = torch.optim.LBFGS([x], max_iter=20, line_search_fn="strong_wolfe")
        calls = []

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
            loss.backward()
            calls.append(1)
            return loss

        optimizer.step(closure)
        return x[0].item(), len(calls)

    assert minimum(-1.0) == minimum(-1.0)
    assert minimum(-1.0) != minimum(-1.0 + 2**-20)


# Order in Python and in threads


@claim("completion order")
def results_come_as_they_are_done(device: torch.device) -> None:
    later = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(later.wait)
        fast = pool.submit(bool)
        done = as_completed([slow, fast])
        assert next(done) is fast
        later.set()
        assert next(done) is slow


@claim("concurrent backward")
def threads_that_share_gradients_add_to_them(device: torch.device) -> None:
    """The sum is what all add, in whatever order; nothing alerts."""
    torch.use_deterministic_algorithms(True)
    shared = torch.ones(4, requires_grad=True)
    barrier = threading.Barrier(2)

    def train() -> None:
        loss = (shared * 2).sum()
        barrier.wait()
        loss.backward()

    workers = [threading.Thread(target=train) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert shared.grad is not None
    assert set(shared.grad.tolist()) <= {2.0, 4.0}


@claim("hogwild")
def shared_memory_is_written_by_other_processes(device: torch.device) -> None:
    weight = torch.zeros(3).share_memory_()
    assert weight.is_shared()
    if "fork" not in torch.multiprocessing.get_all_start_methods():
        raise NothingToSeeError("processes cannot be forked here")
    context = torch.multiprocessing.get_context("fork")
    child = context.Process(target=weight.add_, args=(1,))
    child.start()
    child.join()
    assert weight.tolist() == [1, 1, 1]
