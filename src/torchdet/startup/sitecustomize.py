"""Run by Python at the start of every process of a program that torchdet runs or verifies.

The folder of this file stands first on PYTHONPATH. The program's own ``sitecustomize``, which this
one hides, runs first. Then recording is prepared, to begin once the program imports torch, and the
runtime is set up.
"""

import importlib
import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))

# The recorder goes first, so that it sees what the runtime does to the generators.
_PREPARATIONS = (
    ("vary", "torchdet.verify.changed_process", "change_conditions"),
    ("verify", "torchdet.verify.recorder_start", "record_when_torch_is_imported"),
    ("run", "torchdet.runtime.program_start", "set_up_process"),
)


def _run_hidden_sitecustomize() -> None:
    paths = [each for each in sys.path if os.path.abspath(each or os.curdir) != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", paths)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


def _prepare(command: str, module: str, function: str) -> None:
    # The program must find its own modules and no others: only this process's interpreter knows
    # whether torchdet is installed there.
    try:
        prepare = getattr(importlib.import_module(module), function)
    except ImportError:
        sys.stderr.write(
            f"torchdet {command}: torchdet is not installed for {sys.executable}; "
            "this process runs without it\n"
        )
    else:
        prepare()


try:
    _run_hidden_sitecustomize()
finally:
    for _command, _module, _function in _PREPARATIONS:
        if os.environ.get(f"TORCHDET_{_command.upper()}"):
            _prepare(_command, _module, _function)
