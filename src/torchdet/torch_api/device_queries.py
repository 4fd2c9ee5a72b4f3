"""What asks which devices there are."""

from __future__ import annotations

from torchdet.torch_api.device_types import ACCELERATOR_TYPES

CUDA_AVAILABLE = "torch.cuda.is_available"
"""The question that most programs ask."""

AVAILABILITY_QUERIES = frozenset(
    f"torch.{module}.is_available" for module in (*ACCELERATOR_TYPES, "backends.mps", "accelerator")
)
"""Functions that say whether a device of one type is there, or any accelerator."""

CUDA_QUERIES = frozenset({CUDA_AVAILABLE, "torch.cuda.device_count"})
"""Questions for CUDA that answer without it: False and 0."""

BUILD_VERSIONS = ("torch.version.cuda", "torch.version.hip", "torch.version.xpu")
"""What the build was made for; None where it was not."""

QUERIES_OF_PRESENT_DEVICE = tuple(
    f"torch.{module}.{function}"
    for module in ("cuda", "xpu")
    for function in (
        "get_device_capability",
        "get_device_name",
        "get_device_properties",
        "mem_get_info",
    )
)
"""Questions about a card that raise where there is none."""

INITIALISING_CUDA = (
    *(CUDA_AVAILABLE, "torch.cuda.init", "torch.cuda.current_device", "torch.cuda.set_device"),
    *(name for name in QUERIES_OF_PRESENT_DEVICE if name.startswith("torch.cuda.")),
)
"""Functions after which the CUDA driver no longer reads its environment."""
