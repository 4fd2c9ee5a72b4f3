"""Which GPU is behind which CUDA ordinal, as far as NVML can tell; and NVML itself where it is."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from tests.runtime.support import run_python
from torchdet.runtime.nvml import NvmlDevice, NvmlSnapshot, read_nvml, visible_devices

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


# NVML's documented signatures, answering for two GPUs of which the second keeps its memory secret.
STAND_IN = """
#include <string.h>
typedef struct { unsigned long long total, free, used; } memory;
static int gpu[2] = {0, 1};
int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = 2; return 0; }
int nvmlSystemGetDriverVersion(char *text, unsigned n) { strncpy(text, "570.86.15", n); return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **h) { *h = &gpu[i]; return 0; }
int nvmlDeviceGetMemoryInfo(void *h, memory *m) { m->total = 85899345920ULL; return *(int *)h; }
int nvmlDeviceGetCudaComputeCapability(void *h, int *a, int *b) { *a = 9; *b = 0; return 0; }
int nvmlDeviceGetUUID(void *h, char *text, unsigned n) {
    strncpy(text, *(int *)h ? "GPU-2" : "GPU-1", n); return 0;
}
int nvmlDeviceGetName(void *h, char *text, unsigned n) { strncpy(text, "Big", n); return 0; }
"""


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc"), reason="needs a C compiler")
def test_the_library_is_called_as_its_signatures_want(tmp_path):
    (tmp_path / "nvml.c").write_text(STAND_IN)
    library = tmp_path / "libnvidia-ml.so.1"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "nvml.c"], check=True)
    code = "from torchdet.runtime.nvml import *; print(read_nvml())"
    found = run_python(code, cwd=tmp_path, environment={"LD_LIBRARY_PATH": str(tmp_path)})
    first = NvmlDevice("GPU-1", "Big", 85899345920, (9, 0))
    second = NvmlDevice("GPU-2", "Big", None, (9, 0))
    assert found == repr(NvmlSnapshot("570.86.15", (first, second)))
