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

TARGET_DEVICES = ("cpu", *ACCELERATOR_TYPES)
"""The device types that a program can be written for."""
