"""A poisoned handle fails at every use, and names the place."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from torchdet.runtime import PoisonedHandle, PoisonedHandleError


def forgot_its_handle(use, handle):
    return use(handle)


@pytest.mark.parametrize(
    "use",
    [
        lambda rt: rt.torch,
        lambda rt: rt.device,
        lambda rt: rt.manual_seed(0),
        lambda rt: rt._planted,
        lambda rt: setattr(rt, "device", 1),
        lambda rt: delattr(rt, "device"),
        lambda rt: hasattr(rt, "device"),
        lambda rt: getattr(rt, "device", None),
        lambda rt: rt(),
        bool,
        lambda rt: rt or 1,
        list,
        lambda rt: rt[0],
        lambda rt: rt.__enter__(),
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
    ],
)
def test_every_use_fails(poisoned_handle, use):
    with pytest.raises(PoisonedHandleError):
        use(poisoned_handle)


def test_the_error_names_the_place_and_who_planted_it(poisoned_handle, request):
    def build_model(rt):
        return rt.torch.nn.Linear(1, 1)

    with pytest.raises(PoisonedHandleError) as error:
        build_model(poisoned_handle)
    line = inspect.getsourcelines(build_model)[1] + 1
    assert f"{__file__}:{line} in build_model()" in str(error.value)
    assert "handle.torch was used" in str(error.value)
    assert request.node.nodeid in str(error.value)


def test_it_can_be_passed_around_and_shown():
    handle = PoisonedHandle("nobody")
    assert repr(handle) == "<PoisonedHandle of nobody>"
    assert handle is handle
    assert isinstance(handle, PoisonedHandle)
    assert {"rt": handle}["rt"] is handle
