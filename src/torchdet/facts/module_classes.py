"""Which classes are ``torch.nn`` modules, and what calling an instance of one returns."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from torchdet.facts.expressions import is_constant, last_name
from torchdet.facts.lazy import cst
from torchdet.facts.walk import children

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_BASE_ENDINGS = (
    *("Attention", "Backbone", "Block", "Decoder", "Embedding", "Embeddings", "Encoder", "Head"),
    *("Layer", "Model", "Module", "Net"),
)
_DEPTH = 4
# Names of classes that are called and return something else.
_OTHER_ENDINGS = (
    *("Accuracy", "Builder", "Callback", "Collator", "Config", "Dataset", "Dict", "Generator"),
    *("Loader", "Logger", "Manager", "Meter", "Metric", "Optimizer", "Params", "Parser", "Policy"),
    *("Processor", "Sampler", "Scheduler", "Tokenizer", "Transform", "Writer", "Args", "Timer"),
)
_FACTORY_ENDINGS = ("_layer", "_norm", "_cls", "_block", "norm", "act")
_OTHER_PACKAGES = sys.stdlib_module_names | {
    *("PIL", "cv2", "flax", "jax", "numpy", "pandas", "scipy", "sklearn", "tensorflow", "tqdm"),
}


def is_module_class(node: cst.ClassDef, facts: FileFacts) -> bool:
    """Whether ``node`` is a module, by the names of its bases or of theirs in the same file."""
    return _is_module_class(node, facts, _DEPTH)


def _is_module_class(node: cst.ClassDef, facts: FileFacts, depth: int) -> bool:
    for base in node.bases:
        names = facts.resolve(base.value).names
        if any(name.startswith("torch.nn.") for name in names):
            return True
        if (last_name(base.value) or "").endswith(_BASE_ENDINGS):
            return True
        local = _local_class(base.value, facts)
        if local is not None and depth and _is_module_class(local, facts, depth - 1):
            return True
    return False


def local_class(call: cst.Call, facts: FileFacts) -> cst.ClassDef | None:
    """The class of this file that ``call`` makes an instance of."""
    return _local_class(call.func, facts)


def _local_class(node: cst.BaseExpression, facts: FileFacts) -> cst.ClassDef | None:
    if not isinstance(node, cst.Name):
        return None
    bindings = facts.bindings(node)
    only = bindings[0].node if len(bindings) == 1 else None
    return only if isinstance(only, cst.ClassDef) else None


def looks_like_module(call: cst.Call, facts: FileFacts) -> bool:
    """Whether ``call`` makes a module, by its name: an imported class, or a ``norm_layer``."""
    name = last_name(call.func) or ""
    if name.endswith(_FACTORY_ENDINGS):
        return isinstance(call.func, cst.Name)
    if not name[:1].isupper() or name.isupper() or name.endswith(_OTHER_ENDINGS):
        return False
    origins = facts.resolve(call.func).names
    return bool(origins) and all(
        origin.partition(".")[0] not in _OTHER_PACKAGES | {"builtins", "torch"}
        for origin in origins
    )


def forward_of(node: cst.ClassDef) -> cst.FunctionDef | None:
    """The method ``forward`` in the body of the class."""
    for statement in node.body.body:
        if isinstance(statement, cst.FunctionDef) and statement.name.value == "forward":
            return statement
    return None


def returned_values(function: cst.FunctionDef) -> list[cst.BaseExpression]:
    """What ``function`` itself returns; ``None`` and functions inside it left out."""
    found: list[cst.BaseExpression] = []
    pending: list[cst.CSTNode] = [function.body]
    while pending:
        node = pending.pop()
        if isinstance(node, cst.Return) and node.value is not None:
            if not is_constant(node.value, "None"):
                found.append(node.value)
        elif not isinstance(node, (cst.FunctionDef, cst.ClassDef, cst.BaseExpression)):
            pending += children(node)
    return found
