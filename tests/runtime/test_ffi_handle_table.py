"""Handles: positive, never reused, safe for threads and forks."""

from __future__ import annotations

import gc
import os
import threading
import weakref

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from torchdet.runtime.ffi.boundary import FfiError
from torchdet.runtime.ffi.handle_table import HandleTable


class HandleTableMachine(RuleBasedStateMachine):
    """Any order of additions, look-ups and releases agrees with a plain dictionary."""

    live = Bundle("live")

    def __init__(self) -> None:
        super().__init__()
        self.table: HandleTable[object] = HandleTable()
        self.model: dict[int, object] = {}
        self.given: set[int] = set()

    @rule(target=live)
    def add(self) -> int:
        item = object()
        handle = self.table.add(item)
        assert handle > 0
        assert handle not in self.given, "a handle was given out twice"
        self.given.add(handle)
        self.model[handle] = item
        return handle

    @rule(handle=live)
    def get(self, handle: int) -> None:
        assert self.table.get(handle) is self.model[handle]

    @rule(handle=consumes(live))
    def remove(self, handle: int) -> None:
        self.table.remove(handle)
        del self.model[handle]

    @rule(handle=st.integers(-3, 60))
    def look_up_any_number(self, handle: int) -> None:
        if handle in self.model:
            assert self.table.get(handle) is self.model[handle]
        else:
            for call in (self.table.get, self.table.remove):
                with pytest.raises(FfiError, match=f"handle {handle} "):
                    call(handle)

    @invariant()
    def holds_what_is_live(self) -> None:
        assert len(self.table) == len(self.model)


TestHandleTable = HandleTableMachine.TestCase
TestHandleTable.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("handle", [True, 1.0, "1", None, b"1", [1], 1j])
def test_only_integers_name_a_tensor(handle: object) -> None:
    table: HandleTable[str] = HandleTable()
    table.add("the first")
    with pytest.raises(FfiError, match="a positive integer"):
        table.get(handle)


def test_a_released_object_goes_at_once() -> None:
    class Item:
        pass

    table: HandleTable[Item] = HandleTable()
    item = Item()
    seen = weakref.ref(item)
    handle = table.add(item)
    del item
    assert seen() is not None
    table.remove(handle)
    gc.collect()
    assert seen() is None


def test_a_finalizer_may_use_the_table() -> None:
    table: HandleTable[object] = HandleTable()

    class Item:
        def __del__(self) -> None:
            table.add("from the finalizer")

    handle = table.add(Item())
    table.remove(handle)
    gc.collect()
    assert len(table) == 1


def test_threads_get_distinct_handles_and_their_own_objects() -> None:
    table: HandleTable[tuple[int, int]] = HandleTable()
    failures: list[str] = []
    handles: list[list[int]] = [[] for _ in range(8)]

    def work(worker: int) -> None:
        for number in range(300):
            handle = table.add((worker, number))
            handles[worker].append(handle)
            if table.get(handle) != (worker, number):
                failures.append(f"handle {handle} names another object")
            if number % 2:
                table.remove(handle)

    threads = [threading.Thread(target=work, args=(each,)) for each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len({handle for each in handles for handle in each}) == 8 * 300
    assert len(table) == 8 * 150


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_not_stuck_on_its_parents_lock() -> None:
    table: HandleTable[str] = HandleTable()
    handle = table.add("inherited")
    with table._lock:  # another thread of the parent is inside the table
        child = os.fork()
        if child == 0:
            os._exit(0 if table.get(handle) == "inherited" else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
