"""Events: to the log, to listeners, never to standard output."""

from __future__ import annotations

import logging

from tests.runtime.support import run_script
from torchdet.runtime import EventKind, RuntimeEvent, on_event
from torchdet.runtime.events import emit

EVENT = RuntimeEvent(EventKind.SUBSTITUTED, "100% moved", {"given": "cpu"})


def test_listeners_get_every_event_until_they_stop():
    first, second = [], []
    stop_first, stop_second = on_event(first.append), on_event(second.append)
    emit(EVENT, logging.DEBUG)
    stop_first()
    stop_first()  # twice is no error
    emit(EVENT, logging.DEBUG)
    stop_second()
    assert (first, second) == ([EVENT], [EVENT, EVENT])


def test_a_listener_that_raises_is_logged_and_stops_nobody(caplog):
    seen = []

    def broken(event):
        raise KeyError("listener")

    stops = [on_event(broken), on_event(seen.append)]
    emit(EVENT, logging.DEBUG)
    for stop in stops:
        stop()
    assert seen == [EVENT]
    assert "a listener of torchdet.runtime.on_event failed" in caplog.text


def test_the_record_carries_the_event_as_data(caplog):
    with caplog.at_level(logging.INFO, "torchdet.runtime"):
        emit(EVENT)
    [record] = caplog.records
    assert record.torchdet is EVENT
    assert record.getMessage() == "100% moved"


EMIT = """
import logging, sys
from torchdet.runtime.events import EventKind, RuntimeEvent, emit, set_log_level
set_log_level("DEBUG")
set_log_level("DEBUG")
emit(RuntimeEvent(EventKind.APPLIED, "quiet"), logging.DEBUG)
logging.basicConfig(level=logging.DEBUG, format="own %(message)s")
emit(RuntimeEvent(EventKind.APPLIED, "second"), logging.DEBUG)
sys.stderr.flush()
sys.stderr = None
logging.getLogger().handlers.clear()
emit(RuntimeEvent(EventKind.APPLIED, "nowhere"), logging.DEBUG)
"""


def test_a_level_is_seen_on_standard_error_until_the_program_logs_itself(tmp_path):
    done = run_script(EMIT, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == ""
    assert done.stderr == "torchdet.runtime: DEBUG: quiet\nown second\n"
