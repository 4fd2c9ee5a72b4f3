"""LibCST, loaded at the first use of one of its names.

Rules name node types in their bodies and annotations, but a run whose files are all clean or
cached parses nothing, and importing LibCST costs it 0.15 to 0.3 s. ``importlib``'s own lazy
loader turns the module into an ordinary one at the first attribute, so that nothing is paid
afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import libcst as cst
else:
    import importlib.util
    import sys

    def _load_at_first_use(name):
        if name in sys.modules:
            return sys.modules[name]
        spec = importlib.util.find_spec(name)
        spec.loader = importlib.util.LazyLoader(spec.loader)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    cst = _load_at_first_use("libcst")

__all__ = ["cst"]
