"""Devices that a configuration in YAML or JSON names, and which files are such configurations.

Looked for are the keys under which Hydra's programs, Lightning, accelerate and transformers take
devices. PyYAML's nodes know where they stand; nothing of a file is constructed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.reading.devices.sinks import DEVICE_SINKS
from torchdet.torch_api.device_types import ACCELERATOR_TYPES

if TYPE_CHECKING:
    import yaml

LARGEST_CONFIGURATION = 256_000
"""The most bytes of a file in a folder that is taken for a configuration."""

_RECOGNISED = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        rb"(?:^|[{,])[ \t-]*['\"]?(?:_target_|compute_environment|per_device_train_batch_size)"
        rb"['\"]?[ \t]*:",
        rb"^(?:hydra|defaults):[ \t]*(?:#.*)?\r?$",
        rb"^#[ \t]*@package\b",
        rb"^trainer:[ \t]*(?:#.*)?\r?\n(?:[ \t]+\S.*\r?\n|[ \t]*\r?\n)*?[ \t]+"
        rb"(?:accelerator|devices|gpus|max_epochs|max_steps|num_nodes):",
        rb"^[ \t-]*class_path:[ \t]*['\"]?(?:lightning|pytorch_lightning)\.",
    )
)
_SPEAKS_OF_DEVICES = re.compile(rb"accelerator|device|gpu|map_location")
_CONFIG_PATH = re.compile(rb"""config_path\s*=\s*(?:str\()?["']([^"'\n]*)["']""")
_HYDRA = re.compile(rb"\bhydra\b")
_DEVICE = re.compile(rf"(?:{'|'.join(ACCELERATOR_TYPES)})(?::\d+)?")
_NUMBERS = re.compile(r"\d+(?:\s*,\s*\d+)*,?")
_KINDS = frozenset({"cpu", "cuda", "gpu", "hpu", "mps", "tpu", "xpu"})
_LIGHTNING_KINDS = _KINDS - {"cpu"}
_WORD = re.compile(r"[a-z]+")
_BRACKET = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|#[^\n]*|(?P<open>[\[{])|(?P<close>[\]}])")
_MOST_BRACKETS = 200


class TooDeepError(ValueError):
    """The text nests deeper than configurations do."""


def speaks_of_devices(data: bytes) -> bool:
    """Whether a file can hold a key that names a device at all."""
    return _SPEAKS_OF_DEVICES.search(data) is not None


def is_configuration(data: bytes) -> bool:
    """Whether a file says by itself that Hydra, Lightning, accelerate or transformers reads it.

    >>> is_configuration(b"defaults:\\n  - model\\ndevice: cuda\\n"), is_configuration(b"device: a")
    (True, False)
    """
    return any(pattern.search(data) is not None for pattern in _RECOGNISED)


def hydra_folders(program: bytes) -> list[str]:
    """The folders of configurations that a program hands to Hydra, relative to its own.

    >>> hydra_folders(b'import hydra\\n@hydra.main(config_path="conf")\\ndef main(): ...')
    ['conf']
    """
    if _HYDRA.search(program) is None:
        return []
    return [path.decode("utf-8", "replace") for path in _CONFIG_PATH.findall(program)]


def is_one_choice(name: str, beside: Sequence[str]) -> bool:
    """Whether the file called ``name`` is one of several to choose a device by.

    So is every one of a folder that has a file for the CPU and one for an accelerator, but for
    what is taken where nobody chooses.

    >>> is_one_choice("gpu.yaml", ["cpu.yaml", "gpu.yaml", "default.yaml"])
    True
    >>> is_one_choice("default.yaml", ["cpu.yaml", "gpu.yaml", "default.yaml"])
    False
    """
    kinds = {word for each in beside for word in _WORD.findall(each.lower())} & _KINDS
    chosen = "cpu" in kinds and len(kinds) > 1
    return chosen and not name.startswith(("default", "config"))


@dataclass(frozen=True, slots=True)
class ConfiguredDevice:
    """A value of a configuration that ties it to a device, at ``start`` up to ``end``.

    ``written`` is how it reads with its key, ``instead`` what to do.
    """

    start: int
    end: int
    written: str
    instead: str


def configured_devices(text: str) -> Iterator[ConfiguredDevice]:
    """The devices that the YAML or JSON ``text`` names.

    Raises ``yaml.YAMLError``, and ``TooDeepError`` before PyYAML takes time with the square of the
    depth.
    """
    import yaml

    _require_depth(text)
    for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
        yield from _below(document, set())


def _require_depth(text: str) -> None:
    depth = 0
    for mark in _BRACKET.finditer(text):
        depth += (mark["open"] is not None) - (mark["close"] is not None)
        if depth > _MOST_BRACKETS:
            raise TooDeepError(f"more than {_MOST_BRACKETS} brackets inside each other")


def _below(node: yaml.Node, seen: set[int]) -> Iterator[ConfiguredDevice]:
    """What stands in ``node``; an alias stands for a node that was looked at before."""
    import yaml

    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for element in node.value:
            yield from _below(element, seen)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            instead = _tied(key.value, value) if isinstance(key, yaml.ScalarNode) else ""
            if instead:
                written = f"{key.value}: {_written(value)}"
                start, end = key.start_mark.index, value.end_mark.index
                yield ConfiguredDevice(start, end, written, instead)
            else:
                yield from _below(value, seen)


def _tied(key: str, value: yaml.Node) -> str:
    """What to write instead of ``value``; empty where it ties the program to no device."""
    scalar, numbers = _scalar(value), _indices(value)
    if key == "accelerator":
        return "write `accelerator: auto`" if scalar in _LIGHTNING_KINDS else ""
    if key == "devices":
        return "write `devices: auto`, or a number of devices" if numbers else ""
    if key in {"gpus", "tpu_cores"}:
        counted = scalar is not None and scalar.lstrip("-").isdigit() and scalar != "0"
        return "write `accelerator: auto` and `devices:`" if counted or numbers else ""
    if key == "gpu_ids":
        named = scalar is not None and _NUMBERS.fullmatch(scalar) is not None
        return "write `gpu_ids: all`" if named else ""
    if key == "device_map" and _maps_to_devices(value):
        return "write `device_map: auto`"
    if DEVICE_SINKS.has_name(key) and scalar is not None and _DEVICE.fullmatch(scalar):
        return "let the program choose where nothing is configured"
    return ""


def _scalar(node: yaml.Node) -> str | None:
    import yaml

    return node.value if isinstance(node, yaml.ScalarNode) else None


def _indices(node: yaml.Node) -> bool:
    """Whether ``node`` lists devices by their numbers."""
    import yaml

    if isinstance(node, yaml.SequenceNode):
        scalars = [_scalar(each) for each in node.value]
        return bool(scalars) and all(each is not None and each.isdigit() for each in scalars)
    text = _scalar(node)
    return text is not None and "," in text and _NUMBERS.fullmatch(text) is not None


def _maps_to_devices(node: yaml.Node) -> bool:
    import yaml

    if not isinstance(node, yaml.MappingNode):
        return False
    targets = [_scalar(value) or "" for _, value in node.value]
    return bool(targets) and all(
        each.isdigit() or _DEVICE.fullmatch(each) is not None for each in targets
    )


def _written(node: yaml.Node) -> str:
    import yaml

    if isinstance(node, yaml.SequenceNode):
        return f"[{', '.join(_scalar(each) or '' for each in node.value)}]"
    if isinstance(node, yaml.MappingNode):
        pairs = (f'"{key.value}": {_scalar(value) or ""}' for key, value in node.value)
        return f"{{{', '.join(pairs)}}}"
    return _scalar(node) or ""
