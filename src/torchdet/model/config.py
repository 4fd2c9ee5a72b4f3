"""What a run was asked to do, after every source of configuration has been read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from torchdet.model.diagnostic import Confidence, Severity


class Policy(Enum):
    """How a module is expected to get torch.

    ``HANDLE``: from the runtime's handle. ``FACADE``: a named module is imported first, and
    ``import torch`` after it is fine. ``INJECT``: functions receive the handle; one kept at
    module level is a finding too. ``EFFECTS``: in any way; only what code does with it is asked
    about: devices, flags, seeds, streams and checkpoints. ``AUTO`` is settled before any file is
    checked: ``HANDLE`` where the project uses torchdet, else ``UNDECIDED``, which no configuration
    names. Rules then advise plain PyTorch.
    """

    AUTO = "auto"
    HANDLE = "handle"
    FACADE = "facade"
    INJECT = "inject"
    EFFECTS = "effects"
    UNDECIDED = "undecided"


CHOICES_OF_POLICY = tuple(policy for policy in Policy if policy is not Policy.UNDECIDED)
"""What a configuration or the command line may name."""


DEFAULT_EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pyenv",
    ".pytest_cache",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    "__pycache__",
    "__pypackages__",
    "_build",
    "buck-out",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)
"""Folders that hold no code of the project's own; the set that ruff's users know."""


DEFAULT_TEST_FILES = (
    "test_*.py",
    "*_test.py",
    "conftest.py",
    "test/",
    "test_utils/",
    "testing/",
    "tests/",
)
"""The files that pytest or unittest would collect, and what lies among them."""


@dataclass(frozen=True, slots=True)
class LintConfig:
    """The linter's configuration for the files below ``root``.

    ``root`` is the folder of the configuration file (the current folder without one): patterns
    and ``runtime_modules`` are relative to it. Codes in ``select``, ``ignore``,
    ``extend_select`` and ``per_file_ignores`` are full codes, family prefixes (``DET3``), rule
    names (``raw-import``) or ``ALL``; ``select`` is None for the rules that are on by default.
    Findings of rules that are not ``fixable``, or are ``unfixable``, have no fix; ``fixable`` is
    None for all rules.
    ``helper_operations`` are the handle's operations by the names of the project's own helper.
    Findings less sure than ``min_confidence`` are left out; a run fails for those at least as
    grave as ``fail_on``. ``test_files`` are patterns of files in which what ties a program to one
    device matters less. ``include_docs`` has folders searched for documents as well.
    ``torch_version`` is the oldest release that the code must run on, as
    ``(major, minor)``; ``torch_version_from`` names the file that says so, where one does.
    ``output_format`` and ``cache_dir`` are empty where the configuration does not name one.
    ``sources`` are the files that the configuration was read from, the nearest first.
    """

    root: str = "."
    policy: Policy = Policy.AUTO
    runtime_modules: tuple[str, ...] = ()
    facade_module: str = "torchdet.facade"
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    extend_ignore: tuple[str, ...] = ()
    fixable: tuple[str, ...] | None = None
    unfixable: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    include_docs: bool = False
    severity: tuple[tuple[str, Severity], ...] = ()
    min_confidence: Confidence = Confidence.LIKELY
    fail_on: Severity = Severity.WARNING
    test_files: tuple[str, ...] = DEFAULT_TEST_FILES
    target_devices: tuple[str, ...] = ()
    helper_operations: tuple[tuple[str, str], ...] = ()
    torch_version: tuple[int, int] = (2, 6)
    torch_version_from: str = ""
    output_format: str = ""
    cache_dir: str = ""
    sources: tuple[str, ...] = ()


class Typed(Enum):
    """Whether migrated modules keep an import of torch for type checkers.

    ``AUTO``: where the project is type-checked: it has a ``py.typed``, or configures mypy or
    pyright.
    """

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class MigrateConfig:
    """How a project is migrated.

    ``keep_types`` is whether modules keep an import of torch under ``if TYPE_CHECKING:`` (what
    ``Typed`` came to for this project). ``facade`` puts the import of the facade first and leaves
    the other imports. ``keep_imports`` leaves all of them alone. ``unsafe`` makes changes that
    may change behaviour, too. ``to`` is what the project is migrated onto: ``handle``,
    ``accelerator`` or ``package.module:name``. ``inject`` lets functions and classes receive the
    handle.
    """

    keep_types: bool = False
    facade: bool = False
    keep_imports: bool = False
    unsafe: bool = False
    to: str = "handle"
    inject: bool = False
