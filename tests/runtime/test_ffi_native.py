"""The loadable library, from C and from Rust, and the host's own configuration."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.runtime.support import SOURCE, run_python
from tests.surroundings import settled
from torchdet.runtime import PolicyError
from torchdet.runtime.ffi.build import build, header
from torchdet.runtime.ffi.c_abi import C_DECLARATIONS
from torchdet.runtime.ffi.host_config import configured_device

needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None or not sysconfig.get_config_var("Py_ENABLE_SHARED"),
    reason="needs a C compiler and a shared Python",
)


def rust_compiles() -> bool:
    rustc = shutil.which("rustc")
    if rustc is None:
        return False
    return subprocess.run([rustc, "-V"], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("native")
    build(folder)
    return folder


def compiled(native: Path, *command: str) -> None:
    subprocess.run(command, check=True, cwd=native, timeout=PATIENCE)


def ran(native: Path, *command: str) -> subprocess.CompletedProcess[str]:
    surroundings = {**settled(), "LD_LIBRARY_PATH": str(native), "PYTHONPATH": str(SOURCE),
                    "TORCHDET_DEVICE": "cpu"}  # fmt: skip
    return subprocess.run(
        command, capture_output=True, text=True, cwd=native, timeout=PATIENCE, check=False,
        env=surroundings,
    )  # fmt: skip


@needs_compiler
def test_a_program_in_c_multiplies_matrices(native: Path) -> None:
    compiled(
        native, "cc", "-Wall", "-Werror", "example.c", "-I.", "-L.", "-ltorchdet", "-o", "in_c"
    )
    done = ran(native, "./in_c", sys.executable)
    assert (done.returncode, done.stdout) == (0, "-5 -8 15 16\n"), done.stderr


@needs_compiler
@pytest.mark.skipif(shutil.which("c++") is None, reason="needs a C++ compiler")
def test_threads_of_a_program_in_cpp_call_at_the_same_time(native: Path) -> None:
    options = ("-std=c++17", "-pthread", "-I.", "-L.", "-ltorchdet")
    compiled(native, "c++", "example.cpp", *options, "-o", "in_cpp")
    done = ran(native, "./in_cpp", sys.executable)
    assert (done.returncode, done.stdout) == (0, "2 2 2\n" * 4), done.stderr


@needs_compiler
@pytest.mark.skipif(not rust_compiles(), reason="needs a Rust compiler")
def test_threads_of_a_program_in_rust_call_at_the_same_time(native: Path) -> None:
    compiled(native, "rustc", "example.rs", "-L", ".", "-l", "torchdet", "-o", "in_rust")
    done = ran(native, "./in_rust", sys.executable)
    assert (done.returncode, done.stdout) == (0, "[2.0, 2.0, 2.0]\n" * 4), done.stderr


@needs_compiler
def test_calls_before_python_has_started_fail(native: Path) -> None:
    (native / "early.c").write_text(
        '#include <stdio.h>\n#include "torchdet.h"\n'
        "int main(void) {\n"
        "    long counted = simple_torch_tensor_ndim(1), made = simple_torch_relu(1);\n"
        '    printf("%ld %ld %d %ld\\n", made, counted, simple_torch_available(),\n'
        "           (long)simple_torch_cuda_device_count());\n"
        "    simple_torch_tensor_free(1);\n"
        '    printf("%d\\n", torchdet_open("/nowhere/bin/python"));\n'
        "    return 0;\n}\n",
        encoding="utf-8",
    )
    compiled(native, "cc", "early.c", "-I.", "-L.", "-ltorchdet", "-o", "early")
    assert ran(native, "./early").stdout.startswith("0 -1 0 0\n")


def test_the_header_declares_every_function() -> None:
    assert C_DECLARATIONS in header()


def test_without_a_compiler_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(RuntimeError, match="no C compiler"):
        build(tmp_path)


class TestTheHostsConfiguration:
    @pytest.mark.parametrize(
        ("text", "device"),
        [
            ("device: cuda:1\n", "cuda:1"),
            ('# GPU\nbackend: torch\ndevice : "cpu"  # here\n', "cpu"),
            ("backend: torch\n", None),
            ("device:\n", None),
        ],
    )
    def test_its_device_is_read(self, tmp_path, text, device):
        (tmp_path / "dl.config.sdn").write_text(text, encoding="utf-8")
        assert configured_device(tmp_path) == device

    def test_other_sources_go_before_it(self, tmp_path, monkeypatch):
        (tmp_path / "dl.config.sdn").write_text("device: cuda:1", encoding="utf-8")
        monkeypatch.setenv("TORCHDET_DEVICE", "cpu")
        assert configured_device(tmp_path) is None

    def test_nonsense_names_the_file(self, tmp_path):
        (tmp_path / "dl.config.sdn").write_text("device: cuda:x", encoding="utf-8")
        with pytest.raises(PolicyError, match=r"dl\.config\.sdn: device: 'cuda:x' is not a device"):
            configured_device(tmp_path)

    def test_a_missing_gpu_of_it_fails_every_call(self, tmp_path):
        (tmp_path / "dl.config.sdn").write_text("device: cuda:1", encoding="utf-8")
        code = """
            from torchdet.runtime import ffi
            made = ffi.simple_torch_tensor_ones([2])
            print(made, "device-missing" in ffi.simple_torch_last_error())
        """
        assert run_python(code, cwd=tmp_path) == "0 True"
