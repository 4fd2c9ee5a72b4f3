"""The commands that are compared: how each is told to check a tree with a number of processes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from corpus import BENCH, torchfix_requirements
from measure import Command, MeasureError


@dataclass(frozen=True, slots=True)
class Contender:
    """A named command, and how often it runs: slow ones run less often.

    ``changes`` is a file that gets another line before each run.
    """

    name: str
    command: Command
    rounds: int
    changes: Path | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """What all contenders of a run share."""

    root: Path
    jobs: int
    rounds: int


def torchdet_cold(setting: Setting) -> Contender:
    """Every rule, nothing remembered."""
    return _torchdet("torchdet lint", setting, ("--no-cache",))


def torchdet_warm(setting: Setting, cache: Path) -> Contender:
    """The second run over files that haven't changed."""
    contender = _torchdet("torchdet lint, cached", setting, ())
    command = replace(contender.command, environment=(("XDG_CACHE_HOME", str(cache)),))
    return replace(contender, command=command)


def torchdet_version(setting: Setting) -> Contender:
    """The least that the command can do."""
    argv = (sys.executable, "-m", "torchdet", "--version")
    return _contender("torchdet --version", setting, argv)


def bare_python(setting: Setting) -> Contender:
    """Python itself, below which no command can get."""
    return _contender("python -c pass", setting, (sys.executable, "-c", "pass"))


def torchdet_on(
    name: str, file: Path, setting: Setting, cache: Path, *, changes: bool
) -> Contender:
    """One file, which is another one in each run if it ``changes``."""
    argv = (sys.executable, "-m", "torchdet", "lint", "--isolated", "--exit-zero", file.name)
    command = Command(argv, file.parent, (("XDG_CACHE_HOME", str(cache)),))
    return Contender(name, command, setting.rounds, file if changes else None)


def _torchdet(name: str, setting: Setting, options: tuple[str, ...]) -> Contender:
    lint = (sys.executable, "-m", "torchdet", "lint", "--isolated", "--select", "ALL")
    output = ("--exit-zero", "--output-format", "concise", "--jobs", str(setting.jobs))
    return _contender(name, setting, (*lint, *output, *options, "."))


def torchfix(setting: Setting, environment: Path, rounds: int) -> Contender:
    """TorchFix with every rule; it, too, passes over files that don't name torch."""
    program = environment / "bin" / "torchfix"
    argv = (str(program), "--select=ALL", "--jobs", str(setting.jobs), ".")
    return Contender(
        f"TorchFix {_pinned('TorchFix')}", Command(argv, setting.root, good_exits=(0, 1)), rounds
    )


def flake8_plugin(setting: Setting) -> Contender:
    """flake8 with the plugin; flake8's own checks run as well, only ``DET`` is printed."""
    flake8 = (sys.executable, "-m", "flake8", "--isolated", "--select=DET", "--exit-zero")
    return _contender("flake8 with torchdet", setting, (*flake8, f"--jobs={setting.jobs}", "."))


def ruff_cold(setting: Setting) -> Contender:
    """ruff's default rules, nothing remembered."""
    return _ruff("ruff", setting, ("--no-cache",))


def ruff_warm(setting: Setting, cache: Path) -> Contender:
    """ruff's second run over files that haven't changed."""
    return _ruff("ruff, cached", setting, ("--cache-dir", str(cache)))


def _ruff(name: str, setting: Setting, options: tuple[str, ...]) -> Contender:
    program = Path(sysconfig.get_path("scripts")) / "ruff"
    ruff = (str(program), "check", "--isolated", "--exit-zero", "--quiet")
    environment = (("RAYON_NUM_THREADS", str(setting.jobs)),)
    argv = (*ruff, "--output-format", "concise", *options, ".")
    return Contender(name, Command(argv, setting.root, environment), setting.rounds)


def bare_parse(parser: str, setting: Setting, containing: str = "") -> Contender:
    """Parsing alone, with ``ast`` or ``cst``; only the files that hold ``containing``."""
    name = {"ast": "ast.parse", "cst": "cst.parse_module"}[parser]
    argv = [sys.executable, str(BENCH / "parse_floor.py"), parser, str(setting.jobs), "."]
    if containing:
        name += f", files with “{containing}”"
        argv += ["--containing", containing]
    return _contender(name, setting, tuple(argv))


def _contender(name: str, setting: Setting, argv: tuple[str, ...]) -> Contender:
    return Contender(name, Command(argv, setting.root), setting.rounds)


def torchfix_environment(folder: Path) -> Path:
    """A virtual environment with TorchFix as pinned in ``corpus.toml``, made unless it exists.

    Raises ``MeasureError`` when it can't be made.
    """
    tag = f"py{sys.version_info.major}{sys.version_info.minor}"
    environment = folder / f"torchfix-{_pinned('TorchFix')}-{tag}"
    if environment.exists():
        return environment
    commands = (
        (sys.executable, "-m", "venv", str(environment)),
        (str(environment / "bin" / "pip"), "install", "--quiet", *torchfix_requirements()),
    )
    for command in commands:
        if subprocess.run(command, check=False).returncode != 0:
            shutil.rmtree(environment, ignore_errors=True)
            raise MeasureError(f"{' '.join(command)} failed; its message is above")
    return environment


def _pinned(name: str) -> str:
    """The version of ``name`` in TorchFix's environment."""
    return dict(pin.split("==") for pin in torchfix_requirements())[name]


def tool_versions() -> dict[str, str]:
    """The versions of what runs in this environment."""
    return {name: version(name) for name in ("torchdet", "libcst", "flake8", "ruff")}
