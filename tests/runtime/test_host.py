"""What the operating system says about the host."""

from __future__ import annotations

import os
import platform

import pytest

from torchdet.runtime.host import physical_memory, processor_name, usable_cpus


def test_the_cpus_are_those_that_this_process_may_use():
    assert usable_cpus() == len(os.sched_getaffinity(0))
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cpus() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_memory_agrees_with_the_kernels_own_figure():
    with open("/proc/meminfo", encoding="ascii") as file:
        total = int(file.readline().split()[1]) * 1024
    assert physical_memory() == total


def test_the_processor_has_the_kernels_name_or_at_least_its_kind():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        lines = [line for line in file if line.startswith("model name")]
    expected = lines[0].split(":", 1)[1].strip() if lines else platform.machine()
    assert processor_name() == expected


pytestmark = pytest.mark.skipif(platform.system() != "Linux", reason="compares with /proc")
