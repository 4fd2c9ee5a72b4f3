"""Calls with a deep stack: deep recursion, results, errors, and what is put back."""

from __future__ import annotations

import subprocess
import sys
import threading

import libcst as cst
import pytest

from torchdet.engine.deep_stack import run_with_deep_stack

UNARY = "x = " + "-" * 900 + "a\n"


def depth(levels: int) -> int:
    return 0 if levels == 0 else 1 + depth(levels - 1)


def test_recursion_beyond_the_usual_limit() -> None:
    levels = sys.getrecursionlimit() * 20
    with pytest.raises(RecursionError):
        depth(levels)
    assert run_with_deep_stack(lambda: depth(levels)) == levels


def test_a_deep_tree_is_written_back_to_text() -> None:
    def round_trip() -> str:
        return cst.parse_module(UNARY).code

    assert run_with_deep_stack(round_trip) == UNARY


def test_errors_arrive_at_the_caller() -> None:
    def fail() -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        run_with_deep_stack(fail)


def test_endless_recursion_is_an_error_and_not_a_crash() -> None:
    code = (
        "from torchdet.engine.deep_stack import run_with_deep_stack\n"
        "def endless(): return endless() + 1\n"
        "try: run_with_deep_stack(endless)\n"
        "except RecursionError: print('refused')\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "refused\n"


def test_the_settings_of_the_process_are_put_back() -> None:
    before = (sys.getrecursionlimit(), threading.stack_size(), threading.active_count())
    run_with_deep_stack(lambda: run_with_deep_stack(int))
    with pytest.raises(ZeroDivisionError):
        run_with_deep_stack(lambda: 1 // 0)
    assert (sys.getrecursionlimit(), threading.stack_size(), threading.active_count()) == before


def test_a_call_inside_another_stays_in_its_thread() -> None:
    outer, inner = run_with_deep_stack(
        lambda: (threading.get_ident(), run_with_deep_stack(threading.get_ident))
    )
    assert outer == inner != threading.get_ident()


def test_calls_of_several_threads_at_once() -> None:
    before = sys.getrecursionlimit()
    results: list[int] = []

    def work() -> None:
        results.append(run_with_deep_stack(lambda: depth(20_000)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [20_000] * 8
    assert sys.getrecursionlimit() == before
