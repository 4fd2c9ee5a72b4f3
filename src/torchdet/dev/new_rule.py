"""Writes the files of a new rule: a rule that works, and cases that hold, to change from there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from torchdet.findings.registry import all_rules

FINDINGS = Path(__file__).parents[1] / "findings"
PLACEHOLDER = "torch.replace_this"
_NAME = re.compile(r"(?P<family>[a-z]+)/(?P<rule>[a-z0-9]+(?:-[a-z0-9]+)*)")


class NewRuleError(ValueError):
    """The rule cannot be written. The message says why, and what to do."""


def write_rule(name: str, *, reports: str = PLACEHOLDER, findings: Path = FINDINGS) -> list[Path]:
    """Write the rule ``FAMILY/NAME``, which reports uses of a function, and return its files.

    Raises ``NewRuleError`` for a name that is malformed or taken, and for an unknown family.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise NewRuleError(f"{name!r}: write FAMILY/NAME in lower case, as in state/default-dtype")
    family, rule = match["family"], match["rule"]
    codes = [each.code for each in all_rules() if each.family == family]
    if not codes:
        known = ", ".join(sorted({each.family for each in all_rules()}))
        raise NewRuleError(f"{family!r} is not a family of rules: choose one of {known}")
    if rule in {each.name for each in all_rules()}:
        raise NewRuleError(f"a rule named {rule!r} exists already: choose another name")
    folder = findings / family / rule.replace("-", "_")
    if folder.exists():
        raise NewRuleError(f"{folder} exists already: remove it, or choose another name")
    code = next_code(codes)
    texts = {
        "__init__.py": "",
        "rule.py": _RULE.format(code=code, function=reports, last=reports.rpartition(".")[2]),
        "cases.md": _CASES.format(
            name=rule, code=code, function=reports, rest=reports.removeprefix("torch.")
        ),
    }
    folder.mkdir(parents=True)
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8", newline="\n")
    return [folder / file for file in texts]


def next_code(codes: Iterable[str]) -> str:
    """The code after the last one of a family.

    >>> next_code(["DET201", "DET206"])
    'DET207'
    """
    return f"DET{max(int(code.removeprefix('DET')) for code in codes) + 1}"


_RULE = '''\
"""`{function}` does what this rule is about, in one line of at most 100 characters.

## What it does
Reports uses of `{function}`.

## Why is this bad?
Say what goes wrong, for whom and when.

## Example
Bad:

```python
import torch

{function}(3)
```

Good:

```python
import torch

torch.zeros(3)
```

## Fix safety
There is no fix: say what you would have to know to write one.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.model.diagnostic import Severity
from torchdet.reading.context import Context, Reference


def check(reference: Reference, context: Context) -> Iterator[Draft]:
    yield Draft(reference.node, f"`{{reference.name}}` does this; write that instead")


RULE = Rule(
    code="{code}",
    module=__name__,
    documentation=__doc__ or "",
    severity=Severity.WARNING,
    requires=(b"torch",),
    triggers=(b"{last}",),
    names={{"{function}": check}},
    stays=Grounds(
        "say what a migration cannot know here",
        "say what to do by hand",
    ),
)
'''

_CASES = """\
# {name}

## A call, however torch was imported

```python
import torch
import torch as th

{function}(3)  # {code}
th.{rest}(3)  # {code}
```

## Something else of the same name

```python
import other as torch

{function}(3)
```
"""
