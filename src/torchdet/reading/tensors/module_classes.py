"""Which classes are ``torch.nn`` modules, and which calls make one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from torchdet.facts.expressions import last_name
from torchdet.facts.lazy import cst
from torchdet.facts.remembered import remembered

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_BASE_ENDINGS = (
    *("Attention", "Backbone", "Block", "Decoder", "Embedding", "Embeddings", "Encoder", "Head"),
    *("Layer", "Model", "Module", "Net"),
)
# Names of classes that are called and return something else.
_OTHER_ENDINGS = (
    *("Accuracy", "Builder", "Callback", "Collator", "Config", "Dataset", "Dict", "Generator"),
    *("Loader", "Logger", "Manager", "Meter", "Metric", "Optimizer", "Params", "Parser", "Policy"),
    *("Processor", "Sampler", "Scheduler", "Tokenizer", "Transform", "Writer", "Args", "Timer"),
)
_FACTORY_ENDINGS = ("_layer", "_norm", "_cls", "_block", "norm", "act")
_OTHER_PACKAGES = sys.stdlib_module_names | {
    *("PIL", "cv2", "flax", "jax", "numpy", "pandas", "scipy", "sklearn", "tensorflow", "tqdm"),
    *("builtins", "torch"),
}


@remembered
def is_module_class(node: cst.ClassDef, facts: FileFacts) -> bool:
    """Whether ``node`` is a module, by the names of its bases and of theirs in the same file."""
    line, _ = facts.flow.attributes.line(node)
    return any(_names_a_module(base.value, facts) for one in line for base in one.bases)


def _names_a_module(base: cst.BaseExpression, facts: FileFacts) -> bool:
    if (last_name(base) or "").endswith(_BASE_ENDINGS):
        return True
    return any(name.startswith("torch.nn.") for name in facts.resolve(base).names)


def looks_like_module(call: cst.Call, facts: FileFacts) -> bool:
    """Whether ``call`` makes a module, by its name: an imported class, or a ``norm_layer``."""
    name = last_name(call.func) or ""
    if name.endswith(_FACTORY_ENDINGS):
        return isinstance(call.func, cst.Name)
    if not name[:1].isupper() or name.isupper() or name.endswith(_OTHER_ENDINGS):
        return False
    origins = facts.resolve(call.func).names
    return bool(origins) and all(
        origin.partition(".")[0] not in _OTHER_PACKAGES for origin in origins
    )


def forward_of(node: cst.ClassDef, facts: FileFacts) -> cst.FunctionDef | None:
    """The method ``forward`` of the class, its own or that of a base in the same file."""
    return facts.flow.attributes.method(node, "forward")
