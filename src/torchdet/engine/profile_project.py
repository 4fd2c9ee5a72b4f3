"""Looks over a project for what its configuration should say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from torchdet.engine.discover import SourceFile
from torchdet.engine.settle import settle
from torchdet.model.config import Policy
from torchdet.model.profile import Profile
from torchdet.patterns import configured_patterns
from torchdet.read_file import read_file
from torchdet.reading.project import ModuleSource
from torchdet.torch_api.device_types import ACCELERATOR_TYPES

_RUNTIME = re.compile(r"(?:^|_)(?:rt|runtime)$")
_NAMED_DEVICES = re.compile(
    rb"""(?:["'](%b)(?::\d+)?["']|\b(?:torch|backends)\.(%b)\b|\.(cuda|xpu|hpu)\(\))"""
    % ((b"|".join(kind.encode() for kind in ACCELERATOR_TYPES),) * 2)
)


def profile_project(
    files: Sequence[SourceFile], read: Callable[[str], bytes] = read_file
) -> Profile:
    """What ``files``, all those of a project in the current folder, and its metadata show."""
    settled = settle(files, lambda _path: None, Policy.AUTO, read)
    if not settled.files:
        return Profile(Policy.AUTO, "there are no Python files yet")
    modules = [(file, _module(file, read)) for file in settled.files]
    config = settled.files[0].config
    policy_from = next(reason for reason in settled.reasons if reason.startswith("policy"))
    return Profile(
        config.policy,
        policy_from.partition(", because ")[2],
        tuple(_runtime_modules(modules)),
        tuple(_devices(module for _, module in modules)),
        config.torch_version if config.torch_version_from else None,
        config.torch_version_from,
        tuple(dict.fromkeys(_test_files(settled.files))),
    )


def _module(file: SourceFile, read: Callable[[str], bytes]) -> ModuleSource:
    try:
        return ModuleSource(file.module_name, read(file.path))
    except OSError:
        return ModuleSource(file.module_name, b"")


def _runtime_modules(modules: Iterable[tuple[SourceFile, ModuleSource]]) -> Iterator[str]:
    """Modules of a package that are named for the runtime and take the handle from torchdet's."""
    for file, module in modules:
        last = file.module_name.rpartition(".")[2]
        if "." in file.module_name and _RUNTIME.search(last) and module.imports("torchdet"):
            yield file.module_name


def _devices(modules: Iterable[ModuleSource]) -> list[str]:
    """The accelerators that the code names, in the order of their table."""
    named = {
        kind.decode()
        for module in modules
        for groups in _NAMED_DEVICES.findall(module.data)
        for kind in groups
        if kind
    }
    return [kind for kind in ACCELERATOR_TYPES if kind in named]


def _test_files(files: Sequence[SourceFile]) -> Iterator[str]:
    """Those of the patterns for tests that match one of ``files``."""
    by_config = groupby(files, key=lambda file: file.config)
    for config, group in by_config:
        paths = [file.path for file in group]
        for pattern in config.test_files:
            patterns = configured_patterns(config.root, (pattern,))
            if any(map(patterns.match, paths)):
                yield pattern
