"""What of PyTorch takes a device, and where."""

from __future__ import annotations

from functools import cache

from torchdet.torch_api.public_names import qualified
from torchdet.torch_api.tables import generated_rows


@cache
def device_factories() -> frozenset[str]:
    """Functions of `torch` that make a tensor and take a `device`, and `torch.Generator`.

    >>> "torch.zeros" in device_factories(), "torch.relu" in device_factories()
    (True, False)
    """
    makers = (
        name
        for name, returns, device, *_ in generated_rows("functions")
        if device and returns == "tensor" and name.count(".") == 1
    )
    return frozenset({"torch.Generator", *makers})


FACTORIES_BESIDE_DATA = qualified(
    "torch",
    """
    from_dlpack sparse_bsc_tensor sparse_bsr_tensor sparse_compressed_tensor sparse_coo_tensor
    sparse_csc_tensor sparse_csr_tensor
    """,
)
"""Factories that put the tensor on the device of their arguments when no `device` is passed."""


@cache
def making_methods() -> frozenset[str]:
    """Methods of a tensor that make another one and take a `device`: `new_zeros` and its like."""
    methods = (
        name.rpartition(".")[2]
        for name, _, device, *_ in generated_rows("functions")
        if device and name.startswith("torch.Tensor.new_")
    )
    return frozenset(methods)


DATA_PARALLEL_WRAPPERS = {
    # The position of `device_ids`, then that of `output_device`.
    "torch.nn.DataParallel": (1, 2),
    "torch.nn.parallel.DataParallel": (1, 2),
    "torch.nn.parallel.data_parallel": (2, 3),
    "torch.nn.parallel.DistributedDataParallel": (1, 2),
    "torch.nn.parallel.distributed.DistributedDataParallel": (1, 2),
}
"""What runs a module on several devices: the positions of `device_ids` and `output_device`."""

CURRENT_DEVICE_SETTERS = (
    "torch.cuda.set_device",
    "torch.xpu.set_device",
    "torch.mtia.set_device",
    "torch.accelerator.set_device_index",
    "torch.accelerator.set_device_idx",
    "torchdet.runtime.TorchHandle.set_device",
)
"""Functions that choose the current device for all that follows; it is their first argument."""

CURRENT_DEVICE_BLOCKS = (
    "torch.cuda.device",
    "torch.xpu.device",
    "torch.mtia.device",
    "torch.accelerator.device_index",
)
"""Context managers that choose the current device for a block; it is their first argument."""

CURRENT_DEVICE_BLOCKS_BY_TENSOR = ("torch.cuda.device_of", "torch.xpu.device_of")
"""Context managers that choose the device of their first argument."""

MOVING_METHODS = frozenset({"to", "to_empty"})
"""Methods of tensors and modules that move them to a device."""

TAKING_DEVICE_TYPE = qualified(
    "torch",
    """
    autocast amp.autocast amp.autocast_mode.autocast amp.GradScaler amp.grad_scaler.GradScaler
    get_device_module random.fork_rng
    """,
)
"""What takes the type of a device, as text."""

DEVICE_FIRST = qualified("torch", "device Generator set_default_device")
"""What takes a device as its first argument."""

DEVICE_METHODS = ("cuda", "xpu", "hpu", "npu", "mlu", "musa", "ipu", "mtia")
"""Methods that move a tensor or module to one type of accelerator."""

AUTOCASTS = ("torch.autocast", "torch.amp.autocast", "torch.amp.autocast_mode.autocast")
"""Context managers of mixed precision, which take the type of a device."""
