"""Streams and events on the CPU: order and time are true, and nothing is invented."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from torchdet.runtime.streams import HostEvent, HostStream, use_stream

CPU = torch.device("cpu")


@pytest.fixture
def stream(torch_handle):
    return torch_handle.stream("cpu")


class TestEvent:
    def test_measures_the_work_between_two_records(self, torch_handle):
        start, end = (torch_handle.event(enable_timing=True, device="cpu") for _ in range(2))
        before = time.perf_counter()
        start.record()
        time.sleep(0.01)
        end.record()
        end.synchronize()
        outside = (time.perf_counter() - before) * 1000
        assert 10 <= start.elapsed_time(end) <= outside
        assert end.elapsed_time(start) == -start.elapsed_time(end)

    def test_refuses_times_that_were_never_taken(self, torch_handle):
        timed, other = HostEvent(enable_timing=True), HostEvent(enable_timing=True)
        timed.record()
        with pytest.raises(RuntimeError, match="must be recorded"):
            timed.elapsed_time(other)
        untimed = torch_handle.event(device="cpu")
        untimed.record()
        with pytest.raises(RuntimeError, match="enable_timing"):
            timed.elapsed_time(untimed)
        with pytest.raises(TypeError, match="event of the CPU"):
            timed.elapsed_time(object())

    def test_is_finished_at_once_as_the_cpus_work_is(self):
        event = HostEvent()
        assert event.query()
        event.record()
        event.wait()
        event.synchronize()
        assert event.query()


class TestStream:
    def test_answers_like_an_accelerators(self, torch_handle, stream):
        event = stream.record_event()
        stream.wait_event(event)
        stream.wait_stream(torch_handle.stream("cpu"))
        stream.synchronize()
        assert stream.query()
        own = torch_handle.event(enable_timing=True, device="cpu")
        assert stream.record_event(own) is own

    def test_is_current_in_its_block_and_its_thread_only(self, torch_handle, stream):
        seen = []
        with torch_handle.use_stream(stream):
            assert torch_handle.current_stream("cpu") is stream
            inner = torch_handle.stream("cpu")
            with torch_handle.use_stream(inner):
                assert torch_handle.current_stream("cpu") is inner
            assert torch_handle.current_stream("cpu") is stream
            thread = threading.Thread(
                target=lambda: seen.append(torch_handle.current_stream("cpu") is stream)
            )
            thread.start()
            thread.join()
        assert seen == [False]
        assert torch_handle.current_stream("cpu") is not stream

    def test_is_left_when_the_block_raises(self, torch_handle, stream):
        with pytest.raises(KeyError), torch_handle.use_stream(stream):
            raise KeyError
        assert torch_handle.current_stream("cpu") is not stream

    def test_work_in_it_is_done_in_order(self, torch_handle, stream):
        x = torch.zeros(1)
        with torch_handle.use_stream(stream):
            for _ in range(100):
                x += 1
        torch_handle.synchronize("cpu")
        assert x.item() == 100

    def test_what_is_no_stream_is_refused(self):
        with pytest.raises(TypeError, match="expected a stream, got str"):
            use_stream(torch, "stream")


def test_the_host_stream_knows_its_device():
    assert HostStream(CPU).device == CPU
