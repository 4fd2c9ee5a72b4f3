"""The page of every configuration key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from torchdet.config_file.values import CONVERTERS
from torchdet.model.config import LintConfig


@dataclass(frozen=True, slots=True)
class Key:
    """What a key is for, and a value in TOML; a table is written with its header."""

    about: str
    example: str


_RULES = "Codes (`DET301`), families (`DET3`), names (`raw-import`) or `ALL`."

KEYS: Mapping[str, Key] = {
    "policy": Key(
        "How modules get torch. `handle`: from the runtime's handle. `facade`: through a module "
        "that is imported first. `inject`: functions receive the handle. `effects`: in any way; "
        "only what code does with torch is asked about. `auto`: `handle` where the project uses "
        "torchdet, else advice for plain PyTorch.",
        '"handle"',
    ),
    "runtime-modules": Key(
        "Modules, or paths below the configuration's folder, in which raw torch is the job.",
        '["kit.runtime", "tools/*.py"]',
    ),
    "facade-module": Key('What `policy = "facade"` asks for.', '"kit.facade"'),
    "select": Key(
        f"The rules to run, in place of those that are on by default. {_RULES}", '["DET2", "DET3"]'
    ),
    "ignore": Key(f"Rules not to run. {_RULES}", '["DET101"]'),
    "extend-select": Key("Rules to run as well.", '["device-comparison"]'),
    "extend-ignore": Key("More rules not to run.", '["DET504"]'),
    "fixable": Key("The only rules whose fixes may be applied; all rules by default.", '["DET3"]'),
    "unfixable": Key(
        "Rules that are reported and never fixed. A migration asks only `select` and `ignore`.",
        '["DET301"]',
    ),
    "per-file-ignores": Key(
        "Rules not to run in the files that match a pattern; `!` in front means all other files.",
        '[tool.torchdet.per-file-ignores]\n"tests/*" = ["DET3"]',
    ),
    "exclude": Key("Files and folders not to check, in place of the default ones.", '["vendor"]'),
    "extend-exclude": Key("More files and folders not to check.", '["generated/**"]'),
    "respect-gitignore": Key("Whether to leave out what git ignores.", "false"),
    "include-docs": Key("Whether to check the Python in Markdown and reStructuredText.", "true"),
    "severity": Key(
        "The severity of rules: `info`, `warning` or `error`.",
        '[tool.torchdet.severity]\nhardcoded-device = "error"',
    ),
    "min-confidence": Key(
        "Leave out findings that are less sure: `likely`, such as a name that is probably a "
        "tensor, or `certain`.",
        '"certain"',
    ),
    "fail-on": Key("The least severity that makes the exit code 1.", '"error"'),
    "test-files": Key(
        "Files in which a device in the code is only worth knowing, in place of the default ones.",
        '["tests/", "test_*.py"]',
    ),
    "target-devices": Key("What the code must run on.", '["cuda", "mps"]'),
    "helper-operations": Key(
        "The handle's operations by the names that your own helper gives them, for "
        "`fix --migrate --to package.module:name`.",
        '[tool.torchdet.helper-operations]\ndevice_for = "get_device"',
    ),
    "torch-version": Key(
        "The oldest torch that the code must run with. Without it, what the project requires "
        "counts.",
        '"2.6"',
    ),
    "extend": Key(
        "Another configuration file, relative to this one. Keys here replace its keys; `extend-*` "
        "keys add to them.",
        '"../torchdet.toml"',
    ),
    "output-format": Key("The format of findings, as for `--output-format`.", '"concise"'),
    "cache-dir": Key(
        "Where reports are kept between runs: a folder inside that of this file.",
        '".torchdet-cache"',
    ),
}

_INTRODUCTION = """\
<!-- Generated from torchdet.config_file.reference by docs/generate_configuration.py. -->

# Configuration

torchdet reads `[tool.torchdet]` in `pyproject.toml`, or `torchdet.toml`, where the keys stand at
the top. The nearest one to a file counts. A key or a value that torchdet does not know is an error
that names the nearest valid one. Options of the command line win over the configuration, and
`torchdet lint --show-settings PATH` tells what holds for a file and where that comes from.

The runtime has a table of its own, `[tool.torchdet.runtime]`: see
[the policy](runtime/policy.md)."""


def configuration_page() -> str:
    """The page about every key, in the order in which the keys are declared."""
    assert KEYS.keys() == CONVERTERS.keys(), "each key is described"
    sections = (_section(name, KEYS[name]) for name in CONVERTERS)
    return "\n\n".join([_INTRODUCTION, *sections]) + "\n"


def example_toml(name: str) -> str:
    """The example of the key ``name`` as it stands in ``pyproject.toml``."""
    example = KEYS[name].example
    return example if example.startswith("[tool.") else f"[tool.torchdet]\n{name} = {example}"


def _section(name: str, key: Key) -> str:
    default = _default(name)
    paragraphs = [f"## {name}", key.about]
    if default:
        paragraphs.append(f"Default: {default}.")
    paragraphs.append(f"```toml\n{example_toml(name)}\n```")
    return "\n\n".join(paragraphs)


def _default(name: str) -> str:
    value: object = getattr(LintConfig(), name.replace("-", "_"), None)
    if name == "torch-version":
        major, minor = LintConfig().torch_version
        return f"`{major}.{minor}`, where the project requires none"
    if isinstance(value, Enum):
        return f"`{value.value}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple) and value:
        return ", ".join(f"`{each}`" for each in value)
    return f"`{value}`" if isinstance(value, str) and value else ""
