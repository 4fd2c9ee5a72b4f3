"""Builds the loadable library for hosts that don't embed Python themselves.

    python -m torchdet.runtime.ffi.build FOLDER

writes `torchdet.h`, `libtorchdet.so` and the examples into FOLDER, with the C compiler of this
machine (`CC`, else `cc`) and for the Python that runs it, which has to have a shared library.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from torchdet.runtime.ffi.c_abi import C_DECLARATIONS

_NATIVE = Path(__file__).parent / "native"
_DECLARATION = re.compile(r"(\w+) (simple_\w+)\(([^)]*)\);")
_FAILURES = {"bool": "false", "void": ""}
_ZERO_ON_FAILURE = re.compile(
    r"_(zeros|ones|randn|from_data|add|mul|matmul|cuda|cpu|to_device|count)$"
)
_LAST_ERROR = "simple_torch_last_error"


def header() -> str:
    """Return the text of `torchdet.h`."""
    return f"""\
/* Tensors by handle; docs/runtime/ffi.md describes the functions. Written by
 * python -m torchdet.runtime.ffi.build. */
#ifndef TORCHDET_H
#define TORCHDET_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

/* Start Python (or join the one that runs) and find the functions: 0, or -1 with the reason in
 * torchdet_open_error(). Call it once, from one thread, before all others. `python` is the path of
 * the interpreter whose packages are used, NULL for the system's. */
int torchdet_open(const char *python);
const char *torchdet_open_error(void);

/* Until torchdet_open has succeeded each of these fails. */
{C_DECLARATIONS}
#ifdef __cplusplus
}}
#endif
#endif
"""


def functions() -> str:
    """Return the C functions, each of which calls the Python function of its name."""
    declared = _DECLARATION.findall(re.sub(r"\s+", " ", C_DECLARATIONS))
    names = ", ".join(f'"{name}"' for _result, name, _parameters in declared)
    parts = [
        f"static const char *const names[] = {{{names}, 0}};",
        f"static void *functions[{len(declared)}];",
    ]
    for place, (result, name, parameters) in enumerate(declared):
        given = [] if parameters == "void" else parameters.split(", ")
        passed = ", ".join(re.split(r"[ *]", each)[-1] for each in given)
        call = f"(({result} (*)({parameters}))functions[{place}])({passed});"
        parts.append(
            f"{result} {name}({parameters}) {{\n"
            f"    if (functions[{place}] == 0) return {_failure(result, name)};\n"
            f"    {'' if result == 'void' else 'return '}{call}\n}}"
        )
    return "\n".join(parts) + "\n"


def _failure(result: str, name: str) -> str:
    if result in _FAILURES:
        return _FAILURES[result]
    is_handle = _ZERO_ON_FAILURE.search(name) or "relu" in name or "sigmoid" in name
    return "0" if is_handle or name.endswith("tanh") or name == _LAST_ERROR else "-1"


def build(folder: Path) -> Path:
    """Write header, library and examples into a folder; return the library's path.

    Raises `RuntimeError` where there is no compiler or no shared Python, and with what the
    compiler said where it fails.
    """
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise RuntimeError("no C compiler: install one, or name it in CC")
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        raise RuntimeError(f"{sys.executable} has no shared library, which a host would load")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "torchdet.h").write_text(header(), encoding="utf-8")
    embedding = (_NATIVE / "embedding.c").read_text(encoding="utf-8")
    include = '#include "torchdet.h"\n'
    source = folder / "torchdet.c"
    source.write_text(embedding.replace(include, include + functions()), encoding="utf-8")
    for example in _NATIVE.glob("example.*"):
        shutil.copy(example, folder)
    libraries, version = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("LDVERSION")
    library = folder / "libtorchdet.so"
    command = [
        compiler, "-shared", "-fPIC", "-O2", f"-I{sysconfig.get_path('include')}", f"-I{folder}",
        str(source), f"-L{libraries}", f"-lpython{version}", f"-Wl,-rpath,{libraries}",
        "-o", str(library),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
    return library


if __name__ == "__main__":
    sys.stdout.write(f"{build(Path(sys.argv[1]))}\n")
