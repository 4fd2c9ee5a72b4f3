"""Run by Python at the start of every process of a verified program.

The folder of this file stands first on PYTHONPATH. The program's own ``sitecustomize``, which this
one hides, runs first; then recording is prepared, to begin once the program imports torch.
"""

import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _run_hidden_sitecustomize() -> None:
    paths = [each for each in sys.path if os.path.abspath(each or os.curdir) != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", paths)
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


def _prepare_recording() -> None:
    # The program must find its own modules and no others: only this process's interpreter knows
    # whether torchdet is installed there.
    try:
        from torchdet.verify.recorder_start import record_when_torch_is_imported
    except ImportError:
        sys.stderr.write(
            f"torchdet verify: torchdet is not installed for {sys.executable}; "
            "what this process does is not recorded\n"
        )
    else:
        record_when_torch_is_imported()


try:
    _run_hidden_sitecustomize()
finally:
    if os.environ.get("TORCHDET_VERIFY"):
        _prepare_recording()
