"""The names that the linter knows of torchdet's runtime, and of a project's module for it.

Written out, because the linter never imports the runtime.
"""

from __future__ import annotations

HANDLE = "torchdet.runtime.TorchHandle"
"""What an expression that yields the runtime's handle resolves to."""

APPLYING = frozenset({"torchdet.runtime.get_torch_handle", "torchdet.runtime.apply_torch_runtime"})
"""The functions that apply the runtime to the process, and return its handle."""

DEFERRED_HANDLE = "torchdet.runtime.deferred_handle"
"""The function that returns a library's handle and sets nothing."""

HANDLE_FACTORIES = APPLYING | {DEFERRED_HANDLE}
"""The functions that return a handle."""

RUNTIME_MODULE = "_torch_runtime"
"""The last name of the module through which a migrated package comes by its handle and torch."""

EXPORTS = {"rt": HANDLE, "torch": "torch"}
"""What such a module exports, and what that means."""


def meaning_of_export(name: str) -> str | None:
    """What the qualified ``name`` means if it is an export of a project's runtime module.

    >>> meaning_of_export("kit._torch_runtime.torch"), meaning_of_export("._torch_runtime.rt")
    ('torch', 'torchdet.runtime.TorchHandle')
    >>> meaning_of_export("kit.torch") is None
    True
    """
    module, _, last = name.rpartition(".")
    return EXPORTS.get(last) if module.rpartition(".")[2] == RUNTIME_MODULE else None
