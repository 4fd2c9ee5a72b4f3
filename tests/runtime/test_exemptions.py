"""Operations that are let through: by name, within a block, for a reason, and counted."""

from __future__ import annotations

import contextlib
import logging
import warnings

import pytest
import torch

from torchdet.runtime import EventKind, PolicyError, on_event


def unpool():
    values, where = torch.nn.functional.max_pool2d(torch.rand(1, 1, 4, 4), 2, return_indices=True)
    return torch.nn.functional.max_unpool2d(values, where, 2)


def put():
    return torch.zeros(3).put_(torch.tensor([0]), torch.ones(1))


def test_named_operations_run_within_the_block_and_no_others(torch_handle):
    with torch_handle.allow_nondeterminism("max_unpool2d", reason="the decoder needs it"):
        unpool()
        with pytest.raises(RuntimeError, match=r"put_ does not have.* is for max_unpool2d"):
            put()
        with torch_handle.allow_nondeterminism("torch.Tensor.put_", reason="and this"):
            unpool()
            put()
    for operation in (unpool, put):
        with pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
            operation()
    assert torch_handle.audit().holds


def test_audit_and_report_count_what_was_let_through(torch_handle):
    for _ in range(2):
        with torch_handle.allow_nondeterminism("max_unpool2d", reason="counted here"):
            unpool()
            unpool()
            assert torch_handle.audit().holds
    [exemption] = [e for e in torch_handle.audit().exemptions if e.reason == "counted here"]
    assert (exemption.operations, exemption.count) == (("max_unpool2d",), 4)
    assert "test_exemptions.py" in exemption.place
    assert exemption.reason in str(torch_handle.report()["exemptions"])


def test_it_is_logged_once_with_its_place(torch_handle, caplog):
    events = []
    stop = on_event(events.append)
    for _ in range(3):
        with torch_handle.allow_nondeterminism("put_", reason="logged once"):
            put()
    stop()
    assert [event.kind for event in events] == [EventKind.EXEMPTED]
    [record] = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert record.funcName == "test_it_is_logged_once_with_its_place"


def test_an_exception_ends_it_and_other_warnings_pass(torch_handle):
    def fail():
        with torch_handle.allow_nondeterminism("put_", reason="ends"):
            warnings.warn("of the program", UserWarning, stacklevel=1)
            raise KeyError

    with pytest.warns(UserWarning, match="of the program"), contextlib.suppress(KeyError):
        fail()
    with pytest.raises(RuntimeError, match="deterministic"):
        put()


def test_without_names_or_a_reason_there_is_none(torch_handle):
    with pytest.raises(PolicyError, match="name the operations"):
        torch_handle.allow_nondeterminism(reason="all").__enter__()
    with pytest.raises(PolicyError, match="needs a reason"):
        torch_handle.allow_nondeterminism("put_", reason=" ").__enter__()
