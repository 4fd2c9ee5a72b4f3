"""Which GPU is behind which CUDA ordinal, as far as NVML can tell; and NVML itself where it is."""

from __future__ import annotations

import pytest

from torchdet.runtime.nvml import NvmlDevice, read_nvml, visible_devices

A = NvmlDevice("GPU-aaaa-1111", "Big", 80, (9, 0))
A2 = NvmlDevice("GPU-aaaa-2222", "Big", 80, (9, 0))
B = NvmlDevice("GPU-bbbb-3333", "Small", 8, (7, 5))
PCI = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


@pytest.mark.parametrize(
    ("devices", "environment", "count", "expected"),
    [
        ((A, A2), {}, 2, (A, A2)),
        ((A, B), {}, 2, (None, None)),  # the fastest comes first, and NVML cannot say which
        ((A, B), PCI, 2, (A, B)),
        ((A, B), {**PCI, "CUDA_VISIBLE_DEVICES": "1,0"}, 2, (B, A)),
        ((A, B), {"CUDA_VISIBLE_DEVICES": "1"}, 1, (None,)),
        ((A, A2), {"CUDA_VISIBLE_DEVICES": "1"}, 1, (A2,)),
        ((A, B), {"CUDA_VISIBLE_DEVICES": "GPU-bbbb"}, 1, (B,)),
        ((A, A2), {"CUDA_VISIBLE_DEVICES": "GPU-aaaa"}, 1, (None,)),  # not unique
        ((A,), {"CUDA_VISIBLE_DEVICES": "MIG-cccc"}, 1, (None,)),
        ((A,), {"CUDA_VISIBLE_DEVICES": ""}, 0, ()),
        ((A,), {"CUDA_VISIBLE_DEVICES": "0,7"}, 1, (A,)),
        ((A, A2), {}, 1, (None,)),  # another count than torch's: nothing is certain
        ((), {}, 2, (None, None)),
    ],
)
def test_visible_devices(devices, environment, count, expected):
    assert visible_devices(devices, environment, count) == expected


def test_reading_nvml_answers_on_every_machine():
    snapshot = read_nvml()
    assert snapshot is None or all(each.uuid for each in snapshot.devices)
