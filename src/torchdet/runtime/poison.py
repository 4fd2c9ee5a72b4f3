"""A handle that must not be used, for tests of code that is to receive its handle from outside."""

from __future__ import annotations

import sys
from typing import NoReturn

from torchdet.runtime.errors import PoisonedHandleError


class PoisonedHandle:
    """Stands where no handle should be used; every use fails and names the place.

    Put it where a forgotten default would be found. The place that uses it is the place that
    should have received a real handle, and the error names it with file, line and function;
    `planted` says who put the poison there.

    >>> handle = PoisonedHandle("the example")
    >>> handle.device
    Traceback (most recent call last):
        ...
    torchdet.runtime.errors.PoisonedHandleError: handle.device was used at ...
    """

    __slots__ = ("_planted",)

    def __init__(self, planted: str) -> None:
        object.__setattr__(self, "_planted", planted)

    def __repr__(self) -> str:
        return f"<PoisonedHandle of {object.__getattribute__(self, '_planted')}>"

    def __getattribute__(self, name: str) -> object:
        # What Python itself asks of any object (its class, for repr and isinstance) is no use.
        if name.startswith("__") and name.endswith("__"):
            return object.__getattribute__(self, name)
        return _fail(self, f"handle.{name}")

    def __setattr__(self, name: str, value: object) -> None:
        _fail(self, f"handle.{name} = ...")

    def __delattr__(self, name: str) -> None:
        _fail(self, f"del handle.{name}")

    def __call__(self, *_args: object, **_kwargs: object) -> NoReturn:
        _fail(self, "handle(...)")

    def __bool__(self) -> bool:
        return _fail(self, "bool(handle)")

    def __enter__(self) -> NoReturn:
        _fail(self, "with handle")

    def __exit__(self, *_args: object) -> None:
        """Complete the context protocol; entering fails already."""

    def __iter__(self) -> NoReturn:
        _fail(self, "iter(handle)")

    def __getitem__(self, key: object) -> NoReturn:
        _fail(self, "handle[...]")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        _fail(self, "pickling or copying the handle")


def _fail(handle: PoisonedHandle, use: str) -> NoReturn:
    frame = sys._getframe(2)
    code = frame.f_code
    planted = object.__getattribute__(handle, "_planted")
    raise PoisonedHandleError(
        f"{use} was used at {code.co_filename}:{frame.f_lineno} in {code.co_name}(), which should "
        f"have received a handle and found the poisoned one of {planted} instead; pass the handle "
        "to it"
    )
