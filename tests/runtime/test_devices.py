"""Both device tables, row by row, and the reading of specifications."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.support import DEVICES
from torchdet.runtime import InvalidDeviceError, OnMissing, parse_device
from torchdet.runtime.devices import (
    CPU,
    AcceleratorCode,
    AutoDevice,
    ConcreteDevice,
    CpuOverride,
    ImplicitDevice,
    Machine,
    Missing,
    NamedDevice,
    Placed,
    RedirectionRow,
    redirect_device,
    resolve_device,
)

MPS = Machine((("mps", 1),))
CUDA = Machine((("cuda", 2),))
XPU = Machine((("xpu", 2),))
CPU_ONLY = Machine()

machines = st.builds(
    Machine,
    st.sampled_from(
        [(), (("cuda", 1),), (("cuda", 3),), (("mps", 1),), (("xpu", 2),), (("hpu", 4),)]
    ),
)


class TestParseDevice:
    @pytest.mark.parametrize(
        ("spec", "expected"),
        [
            (None, ImplicitDevice()),
            ("auto", AutoDevice()),
            ("cpu:-1", CpuOverride()),
            ("cpu", NamedDevice("cpu")),
            ("cuda:12", NamedDevice("cuda", 12)),
            ("privateuseone:0", NamedDevice("privateuseone", 0)),
            ("banana", NamedDevice("banana")),
            (-1, NamedDevice("cpu")),
            (-7, NamedDevice("cpu")),
            (2, AcceleratorCode(2)),
            ("2", AcceleratorCode(2)),
            ("-1", NamedDevice("cpu")),
            (torch.device("cuda", 1), NamedDevice("cuda", 1)),
            (torch.device("meta"), NamedDevice("meta")),
        ],
    )
    def test_reads(self, spec, expected):
        assert parse_device(spec) == expected

    @pytest.mark.parametrize(
        "spec",
        [
            *("", " cuda", "cuda:", "cuda:x", "cuda:01", "cuda:-1", "CUDA", "cuda 1", "cuda:1:2"),
            *("9" * 40, "cuda:\u0661", "\u0661", "cuda\n"),
            *(True, 1.0, b"cuda", ["cuda"], object()),
        ],
    )
    def test_refuses_what_is_no_device(self, spec):
        with pytest.raises(InvalidDeviceError):
            parse_device(spec)

    @given(st.text(max_size=12))
    def test_text_is_read_or_refused_and_nothing_else(self, text):
        try:
            request = parse_device(text)
        except InvalidDeviceError:
            return
        assert parse_device(str(request)) == request or isinstance(request, ImplicitDevice)

    @given(st.sampled_from(["cuda", "cpu", "meta", "xpu"]), st.none() | st.integers(0, 200))
    def test_agrees_with_torch_on_names(self, kind, index):
        device = torch.device(kind) if index is None else torch.device(kind, min(index, 127))
        assert parse_device(str(device)) == parse_device(device)


# Document 002's table: what is asked for, and what it becomes on each kind of machine.
TABLE = [
    (None, "mps:0", "cuda:0", "xpu:0", "cpu"),
    ("cpu", "mps:0", "cuda:0", "xpu:0", "cpu"),
    ("cpu:3", "mps:0", "cuda:0", "xpu:0", "cpu"),
    ("cpu:-1", "cpu", "cpu", "cpu", "cpu"),
    ("mps", "mps:0", "cuda:0", "xpu:0", "cpu"),
    ("mps:0", "mps:0", "cuda:0", "xpu:0", "cpu"),
    ("cuda", "mps:0", "cuda", "xpu:0", "cpu"),
    ("cuda:1", "mps:0", "cuda:1", "xpu:1", "cpu"),
    ("cuda:5", "mps:0", "cuda:1", "xpu:1", "cpu"),
    ("xpu:1", "mps:0", "cuda:1", "xpu:1", "cpu"),
    (1, "mps:0", "cuda:1", "xpu:1", "cpu"),
    ("meta", "meta", "meta", "meta", "meta"),
    ("hpu:2", "hpu:2", "hpu:2", "hpu:2", "hpu:2"),
    ("banana", "banana", "banana", "banana", "banana"),
]


class TestRedirectDevice:
    @pytest.mark.parametrize(("spec", "on_mps", "on_cuda", "on_xpu", "on_cpu"), TABLE)
    def test_the_documents_table(self, spec, on_mps, on_cuda, on_xpu, on_cpu):
        request = parse_device(spec)
        got = [
            str(redirect_device(request, machine, cpu_override=False).device)
            for machine in (MPS, CUDA, XPU, CPU_ONLY)
        ]
        assert got == [on_mps, on_cuda, on_xpu, on_cpu]

    @pytest.mark.parametrize("machine", [MPS, CUDA, XPU, CPU_ONLY])
    def test_the_override_holds_explicit_cpu_until_toggled_again(self, machine):
        on = redirect_device(CpuOverride(), machine, cpu_override=False)
        assert on.cpu_override
        held = redirect_device(NamedDevice("cpu"), machine, cpu_override=on.cpu_override)
        assert (held.device, held.changed, held.cpu_override) == (CPU, False, True)
        implicit = redirect_device(ImplicitDevice(), machine, cpu_override=True)
        assert implicit.device == machine.home
        off = redirect_device(CpuOverride(), machine, cpu_override=True)
        assert (off.device, off.cpu_override) == (CPU, False)

    def test_a_machine_with_a_chosen_home_sends_unnamed_requests_there(self):
        machine = Machine((("cuda", 4),), home_index=2)
        assert (
            str(redirect_device(ImplicitDevice(), machine, cpu_override=False).device) == "cuda:2"
        )
        mps = redirect_device(NamedDevice("mps"), machine, cpu_override=False)
        assert str(mps.device) == "cuda:2"

    @given(st.sampled_from((*DEVICES, None, -1, 6)), machines, st.booleans())
    def test_the_result_exists_and_is_stable(self, spec, machine, override):
        request = parse_device(spec)
        first = redirect_device(request, machine, cpu_override=override)
        assert first == redirect_device(request, machine, cpu_override=override)
        if first.row is RedirectionRow.KEPT:
            assert str(first.device) == str(request)
            return
        device = first.device
        assert device == CPU or (device.index or 0) < machine.count(device.type)
        # Where it goes, it stays: an accelerator that was given is not moved again.
        if device != CPU:
            again = redirect_device(
                NamedDevice(device.type, device.index), machine, cpu_override=override
            )
            assert (again.device, again.changed) == (device, False)

    @given(st.sampled_from(DEVICES), machines)
    def test_only_the_override_changes_the_state(self, spec, machine):
        request = parse_device(spec)
        for state in (False, True):
            after = redirect_device(request, machine, cpu_override=state).cpu_override
            assert (after != state) == isinstance(request, CpuOverride)


class TestResolveDevice:
    @pytest.mark.parametrize(
        ("spec", "machine", "expected"),
        [
            (None, CUDA, "cuda:0"),
            ("auto", MPS, "mps:0"),
            ("auto", CPU_ONLY, "cpu"),
            ("cpu", CUDA, "cpu"),
            ("cpu:2", CUDA, "cpu"),
            ("cpu:-1", CUDA, "cpu"),
            ("cuda", CUDA, "cuda:0"),
            ("cuda:1", CUDA, "cuda:1"),
            (1, XPU, "xpu:1"),
            (0, MPS, "mps:0"),
            ("meta", CUDA, "meta"),
        ],
    )
    @pytest.mark.parametrize("on_missing", OnMissing)
    def test_what_is_there_is_given_whatever_the_policy(self, spec, machine, expected, on_missing):
        placed = resolve_device(parse_device(spec), machine, on_missing)
        assert isinstance(placed, Placed)
        assert (str(placed.device), placed.substituted) == (expected, False)

    @pytest.mark.parametrize(
        ("spec", "machine", "redirected"),
        [
            ("cuda", MPS, "mps:0"),
            ("cuda:1", XPU, "xpu:1"),
            ("cuda:9", CUDA, "cuda:1"),
            ("mps", CUDA, "cuda:0"),
            ("mps:1", MPS, "mps:0"),
            ("cuda", CPU_ONLY, "cpu"),
            (3, CUDA, "cuda:1"),
            (0, CPU_ONLY, "cpu"),
        ],
    )
    def test_what_is_missing_follows_the_policy(self, spec, machine, redirected):
        request = parse_device(spec)
        rejected = resolve_device(request, machine, OnMissing.REJECT)
        assert isinstance(rejected, Missing)
        assert rejected.request == request
        assert resolve_device(request, machine, OnMissing.CPU) == Placed(CPU, substituted=True)
        moved = resolve_device(request, machine, OnMissing.REDIRECT)
        assert isinstance(moved, Placed)
        assert (str(moved.device), moved.substituted) == (redirected, True)

    @given(st.sampled_from((*DEVICES, None, -1, 6)), machines, st.sampled_from(OnMissing))
    def test_is_total_and_gives_only_what_exists(self, spec, machine, on_missing):
        placed = resolve_device(parse_device(spec), machine, on_missing)
        if isinstance(placed, Missing):
            assert on_missing is OnMissing.REJECT
            return
        known = dict(machine.accelerators)
        if placed.device.type in known:
            assert (placed.device.index or 0) < known[placed.device.type]
        else:
            assert placed.device.type in ("cpu", "meta", "hpu")


def test_the_tables_need_no_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from torchdet.runtime.devices import *\n"
        "print(redirect_device(parse_device('cuda'), Machine(), cpu_override=False).device)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(ConcreteDevice("cpu"))
