"""The exported functions as C function pointers, for hosts that call addresses.

``C_FUNCTIONS`` maps each name to a ctypes callback that lives as long as this module; its
address is ``ctypes.cast(pointer, ctypes.c_void_p).value``. ``C_DECLARATIONS`` says the same as
a C header. Arrays travel as a pointer and a count; text as a buffer that the caller owns.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from types import MappingProxyType

from torchdet.runtime.ffi import exports
from torchdet.runtime.ffi.boundary import FfiError, boundary, last_error
from torchdet.runtime.ffi.opening import session

_I64 = ctypes.c_int64
_I32 = ctypes.c_int32
_BOOL = ctypes.c_bool
_ADDRESS = ctypes.c_void_p
_CType = type[_I64] | type[_I32] | type[_BOOL] | type[_ADDRESS]

C_DECLARATIONS = """\
int64_t simple_torch_tensor_zeros(const int64_t *dims, int32_t ndims);
int64_t simple_torch_tensor_ones(const int64_t *dims, int32_t ndims);
int64_t simple_torch_tensor_randn(const int64_t *dims, int32_t ndims);
int64_t simple_torch_tensor_from_data(const float *data, int64_t count,
                                      const int64_t *dims, int32_t ndims);
int64_t simple_torch_tensor_add(int64_t left, int64_t right);
int64_t simple_torch_tensor_mul(int64_t left, int64_t right);
int64_t simple_torch_tensor_matmul(int64_t left, int64_t right);
int64_t simple_torch_tensor_shape(int64_t handle, int64_t *out, int32_t capacity);
int64_t simple_torch_tensor_ndim(int64_t handle);
int64_t simple_torch_tensor_numel(int64_t handle);
int64_t simple_torch_tensor_data(int64_t handle, float *out, int64_t capacity);
int64_t simple_torch_relu(int64_t handle);
int64_t simple_torch_sigmoid(int64_t handle);
int64_t simple_torch_tanh(int64_t handle);
int64_t simple_torch_tensor_cuda(int64_t handle, int32_t index);
int64_t simple_torch_tensor_cpu(int64_t handle);
bool simple_torch_tensor_is_cuda(int64_t handle);
int64_t simple_torch_tensor_to_device(int64_t handle, int32_t code);
bool simple_torch_available(void);
bool simple_torch_cuda_available(void);
int64_t simple_torch_cuda_device_count(void);
void simple_torch_tensor_free(int64_t handle);
int64_t simple_torch_last_error(char *out, int64_t capacity);
"""
"""The C declarations. The last function returns the length of the UTF-8 text without its NUL
and writes it, cut to fit and ended by NUL, when ``capacity`` is positive."""


# Pointers arrive as addresses, None for NULL: ctypes checks nothing about them, and neither can
# Python. What can be checked (NULL, negative counts) is.


def _int64s(address: int | None, count: int) -> list[int]:
    _check_pointer(address, count)
    return list((_I64 * count).from_address(address)) if address and count else []


def _floats(address: int | None, count: int) -> list[float]:
    _check_pointer(address, count)
    return list((ctypes.c_float * count).from_address(address)) if address and count else []


def _check_pointer(address: int | None, count: int) -> None:
    if count < 0:
        raise FfiError(f"a count is 0 or more, not {count}")
    if count > 0 and not address:
        raise FfiError(f"a null pointer with a count of {count}")


@boundary(failure=0)
def _zeros(dims: int | None, ndims: int) -> int:
    return session().filled(_int64s(dims, ndims), 0.0)


@boundary(failure=0)
def _ones(dims: int | None, ndims: int) -> int:
    return session().filled(_int64s(dims, ndims), 1.0)


@boundary(failure=0)
def _randn(dims: int | None, ndims: int) -> int:
    return session().randn(_int64s(dims, ndims))


@boundary(failure=0)
def _from_data(data: int | None, count: int, dims: int | None, ndims: int) -> int:
    return session().from_data(_floats(data, count), _int64s(dims, ndims))


@boundary(failure=-1)
def _shape(handle: int, out: int | None, capacity: int) -> int:
    if not out or capacity <= 0:
        return session().shape(handle, None)
    return session().shape(handle, (_I64 * capacity).from_address(out))


@boundary(failure=-1)
def _data(handle: int, out: int | None, capacity: int) -> int:
    if not out or capacity <= 0:
        return session().data(handle, None)
    return session().data(handle, (ctypes.c_float * capacity).from_address(out))


def _last_error(out: int | None, capacity: int) -> int:
    text = last_error().encode("utf-8", "replace")
    if out and capacity > 0:
        cut = text[: capacity - 1]
        ctypes.memmove(out, cut + b"\0", len(cut) + 1)
    return len(text)


# Each function with its result type and its parameters.
_SIGNATURES: dict[str, tuple[Callable[..., object], _CType | None, tuple[_CType, ...]]] = {
    "simple_torch_tensor_zeros": (_zeros, _I64, (_ADDRESS, _I32)),
    "simple_torch_tensor_ones": (_ones, _I64, (_ADDRESS, _I32)),
    "simple_torch_tensor_randn": (_randn, _I64, (_ADDRESS, _I32)),
    "simple_torch_tensor_from_data": (_from_data, _I64, (_ADDRESS, _I64, _ADDRESS, _I32)),
    "simple_torch_tensor_add": (exports.simple_torch_tensor_add, _I64, (_I64, _I64)),
    "simple_torch_tensor_mul": (exports.simple_torch_tensor_mul, _I64, (_I64, _I64)),
    "simple_torch_tensor_matmul": (exports.simple_torch_tensor_matmul, _I64, (_I64, _I64)),
    "simple_torch_tensor_shape": (_shape, _I64, (_I64, _ADDRESS, _I32)),
    "simple_torch_tensor_ndim": (exports.simple_torch_tensor_ndim, _I64, (_I64,)),
    "simple_torch_tensor_numel": (exports.simple_torch_tensor_numel, _I64, (_I64,)),
    "simple_torch_tensor_data": (_data, _I64, (_I64, _ADDRESS, _I64)),
    "simple_torch_relu": (exports.simple_torch_relu, _I64, (_I64,)),
    "simple_torch_sigmoid": (exports.simple_torch_sigmoid, _I64, (_I64,)),
    "simple_torch_tanh": (exports.simple_torch_tanh, _I64, (_I64,)),
    "simple_torch_tensor_cuda": (exports.simple_torch_tensor_cuda, _I64, (_I64, _I32)),
    "simple_torch_tensor_cpu": (exports.simple_torch_tensor_cpu, _I64, (_I64,)),
    "simple_torch_tensor_is_cuda": (exports.simple_torch_tensor_is_cuda, _BOOL, (_I64,)),
    "simple_torch_tensor_to_device": (exports.simple_torch_tensor_to_device, _I64, (_I64, _I32)),
    "simple_torch_available": (exports.simple_torch_available, _BOOL, ()),
    "simple_torch_cuda_available": (exports.simple_torch_cuda_available, _BOOL, ()),
    "simple_torch_cuda_device_count": (exports.simple_torch_cuda_device_count, _I64, ()),
    "simple_torch_tensor_free": (exports.simple_torch_tensor_free, None, (_I64,)),
    "simple_torch_last_error": (_last_error, _I64, (_ADDRESS, _I64)),
}

C_FUNCTIONS: Mapping[str, Callable[..., object]] = MappingProxyType(
    {
        name: ctypes.CFUNCTYPE(result, *parameters)(function)
        for name, (function, result, parameters) in _SIGNATURES.items()
    }
)
"""Each exported name with its C function pointer. Keep no pointer beyond the interpreter."""


def address_of(name: str) -> int:
    """Return the address of an exported function, for a host that takes plain addresses.

    Raises:
        KeyError: no exported function has this name.

    Example:
        >>> address_of("simple_torch_tensor_zeros") > 0
        True
    """
    address = ctypes.cast(C_FUNCTIONS[name], ctypes.c_void_p).value  # type: ignore[arg-type]  # typeshed: no type for it
    assert address is not None
    return address
