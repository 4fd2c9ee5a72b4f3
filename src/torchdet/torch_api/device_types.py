"""The device types that code can name."""

from __future__ import annotations

ACCELERATOR_TYPES = (
    # PyTorch's own device types that stand for hardware beside the CPU: the list that
    # `torch.device("?")` prints, without the CPU's layouts (mkldnn, ideep), lazy and meta.
    "cuda",
    "xpu",
    "mps",
    "hpu",
    "xla",
    "mtia",
    "maia",
    "ipu",
    "hip",
    "fpga",
    "vulkan",
    "opencl",
    "privateuseone",
    # Names that makers' packages give to `privateuseone`.
    "npu",
    "mlu",
    "musa",
    "sdaa",
    "neuron",
    "tpu",
)
"""The device types that name an accelerator."""

MANAGED_TYPES = frozenset({"cuda", "mps", "xpu"})
"""The accelerators that the runtime's handle manages."""

TARGET_DEVICES = ("cpu", *ACCELERATOR_TYPES)
"""The device types that a program can be written for."""

BACKEND_TYPES = {
    "nccl": ("cuda",),
    "rccl": ("cuda", "hip"),
    "xccl": ("xpu",),
    "ccl": ("xpu", "cpu"),
    "hccl": ("hpu", "npu"),
    "cncl": ("mlu",),
    "mccl": ("musa",),
    "tccl": ("sdaa",),
}
"""Backends of `torch.distributed`, with the types of devices that each serves."""

WORDS_FOR_TYPES = {
    **BACKEND_TYPES,
    **dict.fromkeys(("cudnn", "cutlass", "deepgemm", "nvidia", "tensorrt"), ("cuda",)),
    **dict.fromkeys(("gaudi", "habana"), ("hpu",)),
    "ascend": ("npu",),
    "metal": ("mps",),
    "rocm": ("cuda", "hip"),
    "tpu": ("xla",),
}
"""Words of libraries and makers, with the types of devices that they imply."""

TYPE_ATTRIBUTES = tuple(
    f"is_{kind}" for kind in ("cuda", "xpu", "mps", "mtia", "maia", "ipu", "xla", "vulkan")
)
"""Attributes of a tensor that tell one type of device."""

DEVICE_TYPE = "torch.device"
"""The class of devices, made of a name."""

HOST_DEVICE = "cpu"
"""The device that every machine has."""

META_DEVICE = "meta"
"""The device whose tensors have no memory."""

META_BLOCKS = ("accelerate.init_empty_weights",)
"""What makes tensors on that device in a `with` block."""
