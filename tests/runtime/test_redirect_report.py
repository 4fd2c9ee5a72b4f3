"""What redirection says, where, and how often."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from torchdet.runtime.devices import Machine, RedirectionRow
from torchdet.runtime.events import EventKind, RuntimeEvent, on_event
from torchdet.runtime.redirect import redirect, report

CPU_ONLY = Machine()
META = Machine((("meta", 1),))


@pytest.fixture
def events() -> Iterator[list[RuntimeEvent]]:
    seen: list[RuntimeEvent] = []
    stop = on_event(seen.append)
    yield seen
    stop()


def test_each_call_site_is_said_once_with_file_line_asked_and_given(
    events: list[RuntimeEvent], caplog: pytest.LogCaptureFixture
) -> None:
    with redirect(CPU_ONLY), caplog.at_level(logging.DEBUG):
        for _ in range(5):
            torch.zeros(2, device="cuda:1")  # the site
    (event,) = events
    line = int(str(event.details["line"]))
    with open(__file__, encoding="utf-8") as source:
        assert source.readlines()[line - 1].rstrip().endswith("# the site")
    assert event.kind is EventKind.REDIRECTED
    assert event.details == {
        "file": __file__,
        "line": line,
        "caller": "test_each_call_site_is_said_once_with_file_line_asked_and_given",
        "function": "zeros",
        "asked": "cuda:1",
        "given": "cpu",
        "row": RedirectionRow.ACCELERATOR.value,
    }
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    place = f"{__file__}:{line} in {event.details['caller']}"
    assert record.getMessage() == f"{place}: zeros: cuda:1 was asked for, cpu is given"
    named = (record.pathname, record.lineno, record.funcName)
    assert named == (__file__, line, event.details["caller"]), "the user's line, not ours"


def test_a_site_is_said_again_for_another_answer_and_never_for_another_block(
    events: list[RuntimeEvent],
) -> None:
    for asked in ("cuda", "mps", "cuda", "mps"):
        with redirect(CPU_ONLY):
            torch.zeros(2, device=asked)
    assert [each.details["asked"] for each in events] == ["cuda", "mps"]


def test_a_site_is_said_once_for_all_threads(events: list[RuntimeEvent]) -> None:
    def work() -> None:
        for _ in range(20):
            torch.zeros(2, device="cuda")

    with redirect(CPU_ONLY):
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(events) == 1


def test_the_programs_line_is_named_not_torchs(events: list[RuntimeEvent]) -> None:
    with redirect(CPU_ONLY):
        nn.Linear(2, 2, device="cuda").to("mps")
    assert {each.details["file"] for each in events} == {__file__}


def test_unnamed_devices_are_information(
    events: list[RuntimeEvent], caplog: pytest.LogCaptureFixture
) -> None:
    with redirect(META), caplog.at_level(logging.INFO):
        torch.zeros(2)
    assert events[0].details["asked"] == "no device"
    assert [each.levelno for each in caplog.records] == [logging.INFO]


def test_what_is_not_changed_is_not_said(events: list[RuntimeEvent]) -> None:
    with redirect(CPU_ONLY):
        torch.zeros(2)
        torch.zeros(2, device="cpu")
        torch.zeros(2, device="meta")
        torch.zeros(2, device="cpu:-1")
    assert events == []


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    with redirect(CPU_ONLY):
        torch.zeros(2, device="cuda:2").cuda()
        torch.cuda.get_device_name()
    assert capfd.readouterr().out == ""


def test_a_listener_that_fails_or_redirects_itself_stops_nothing() -> None:
    def fails(event: RuntimeEvent) -> None:
        torch.zeros(1, device="cuda")
        raise ValueError("a listener's own fault")

    stop = on_event(fails)
    try:
        with redirect(CPU_ONLY):
            assert torch.zeros(1, device="mps").device.type == "cpu"
    finally:
        stop()


def test_endless_call_sites_end_in_one_last_word(
    events: list[RuntimeEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MAX_SITES", 3)
    monkeypatch.setattr(report.SITES, "_seen", {})
    with redirect(CPU_ONLY):
        for number in range(10):
            exec(compile("torch.zeros(1, device='cuda')", f"<made {number}>", "exec"))
    assert len(events) == 4
    assert "further ones are not reported" in events[-1].message
