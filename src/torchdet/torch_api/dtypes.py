"""The data types of PyTorch by kind."""

from __future__ import annotations

from torchdet.torch_api.public_names import qualified

INTEGRAL_DTYPES = qualified("torch", "bool int int16 int32 int64 int8 long short uint8")
"""Whole numbers, `bool` among them."""

INTEGRAL_TYPES = frozenset({"LongTensor", "IntTensor", "ShortTensor", "ByteTensor", "BoolTensor"})
"""Names of the classes of tensors of whole numbers."""

FLOATING_DTYPES = qualified("torch", "bfloat16 double float float16 float32 float64 half")
"""Floating-point numbers."""

DTYPES_WITHOUT_MPS = ("torch.float64", "torch.double", "torch.complex128", "torch.cdouble")
"""Floating-point numbers of 64 bits, and complex numbers of two of them, which Metal lacks."""
