"""The ``[tool.torchdet]`` table that suits a project."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from torchdet.model.config import Policy
from torchdet.model.profile import Profile
from torchdet.report.characters import printable

_WIDTH = 32


def render_table(profile: Profile, *, header: bool) -> str:
    """The table in TOML, each key with what it was seen by; ``header`` as in ``pyproject.toml``.

    >>> print(render_table(Profile(Policy.AUTO, "nothing uses it"), header=True), end="")
    [tool.torchdet]
    policy = "auto"                   # nothing uses it; "handle" takes torch from the runtime
    """
    head = ["[tool.torchdet]"] if header else []
    return "".join(f"{line}\n" for line in (*head, *_lines(profile)))


def _lines(profile: Profile) -> Iterator[str]:
    undecided = profile.policy is Policy.AUTO
    advice = '; "handle" takes torch from the runtime' if undecided else ""
    yield _line("policy", _quoted(profile.policy.value), f"{profile.policy_from}{advice}")
    if profile.runtime_modules:
        yield _line("runtime-modules", _list(profile.runtime_modules), "where raw torch is the job")
    if profile.target_devices:
        yield _line("target-devices", _list(profile.target_devices), "what the code names")
    if profile.torch_version is not None:
        release = ".".join(map(str, profile.torch_version))
        yield _line("torch-version", _quoted(release), f"as {profile.torch_version_from} requires")
    if profile.test_files:
        yield _line("test-files", _list(profile.test_files), "")


def _line(key: str, value: str, comment: str) -> str:
    setting = f"{key} = {value}"
    return f"{setting:<{_WIDTH}}  # {printable(comment)}" if comment else setting


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, values))}]"


def _quoted(value: str) -> str:
    return json.dumps(value)  # TOML's basic strings have JSON's escapes
