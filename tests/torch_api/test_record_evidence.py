"""The script that writes what was seen into the catalogue."""

from __future__ import annotations

import csv
import io

import pytest

pytest.importorskip("torch", reason="the script runs torch")

from tests.torch_api.record_evidence import TABLE, with_evidence

HEADING = "name,when,evidence\n"


def test_a_row_that_was_shown_gets_the_evidence_and_keeps_the_rest() -> None:
    table = HEADING + 'cumsum,"one, long",documented:2.13.0;source:2.13.0\nput,,source:2.13.0\n'
    assert with_evidence(table, "cpu:2.13.0", {"cumsum"}) == (
        HEADING + 'cumsum,"one, long",documented:2.13.0;source:2.13.0;cpu:2.13.0\n'
        "put,,source:2.13.0\n"
    )


def test_of_the_cpu_the_last_run_counts() -> None:
    table = HEADING + "cumsum,,source:2.13.0;cpu:2.12.1\nput,,source:2.13.0;cpu:2.12.1\n"
    assert with_evidence(table, "cpu:2.13.0", {"put"}) == (
        HEADING + "cumsum,,source:2.13.0\nput,,source:2.13.0;cpu:2.13.0\n"
    )


def test_every_gpu_keeps_its_own() -> None:
    table = HEADING + "put,,cpu:2.13.0;cuda:2.13.0:NVIDIA A100\n"
    once = with_evidence(table, "cuda:2.13.0:NVIDIA H200", {"put"})
    assert once == HEADING + "put,,cpu:2.13.0;cuda:2.13.0:NVIDIA A100;cuda:2.13.0:NVIDIA H200\n"
    assert with_evidence(once, "cuda:2.13.0:NVIDIA H200", {"put"}) == once
    assert with_evidence(once, "cuda:2.13.0:NVIDIA H200", set()) == table


def test_a_row_is_never_left_without_evidence() -> None:
    with pytest.raises(ValueError, match="put: nothing speaks for it without cpu"):
        with_evidence(HEADING + "put,,cpu:2.13.0\n", "cpu:2.14.0", set())


def test_only_the_evidence_of_the_real_table_changes() -> None:
    table = TABLE.read_text(encoding="utf-8")
    shown = {row["name"] for row in csv.DictReader(io.StringIO(table, newline=""))}
    written = with_evidence(table, "cuda:2.13.0:NVIDIA H200", shown)
    assert with_evidence(written, "cuda:2.13.0:NVIDIA H200", set()) == table
