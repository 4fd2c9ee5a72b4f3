"""Whether a file builds its package, where nothing but the build's requirements is installed."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torchdet.reading.context import Context

_BUILDS = re.compile(r"\b(?:setuptools|distutils|cpp_extension)\b")


def is_build_script(context: Context) -> bool:
    """Whether the file is a ``setup.py``, which the migration leaves as it is.

    pip builds a package in an environment of its own
    (https://pip.pypa.io/en/stable/reference/build-system/), where the runtime need not be.
    """
    named = PurePath(context.path).name == "setup.py" and context.module_name == "setup"
    return named and _BUILDS.search(context.facts.source.text) is not None
