"""What a random number is for: most matter to the results, a name, a port or a pause do not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from torchdet.facts.lazy import cst

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

NOT_NUMBERS = ("time.sleep", "asyncio.sleep", "print", "builtins.print")
"""Functions whose arguments reach no result."""

_NAMES = re.compile(
    r"(port|(^|_)(dir|directory|filename|folder|name|path|prefix|suffix|tag|uid|uuid))_?$"
    r"|^id_$|(^|_)(exp|experiment|job|run|save|session)_?id$"
)


_IS_SEED = re.compile(r"(^|_)seed$")


def is_no_result(name: str) -> bool:
    """Whether what has the name is a port, a path or a name, and no number that is computed with.

    >>> is_no_result("master_port"), is_no_result("run_id"), is_no_result("crop")
    (True, True, False)
    """
    return _NAMES.search(name.lower()) is not None


def is_beside_results(call: cst.Call, facts: FileFacts) -> bool:
    """Whether what ``call`` draws is for a pause, a port, a name or something to look at."""
    for above in facts.ancestors(call):
        if isinstance(above, cst.Call) and above is not call:
            if facts.means(above.func, *NOT_NUMBERS):
                return True
        elif isinstance(above, (cst.Assign, cst.AnnAssign)):
            target = above.targets[0].target if isinstance(above, cst.Assign) else above.target
            name = facts.code(target).rpartition(".")[2]
            return is_no_result(name) or _is_seed_for_none(target, name, facts)
        elif isinstance(above, (cst.SimpleStatementLine, cst.BaseCompoundStatement)):
            return False
    return False


def _is_seed_for_none(target: cst.BaseExpression, name: str, facts: FileFacts) -> bool:
    """Whether ``target`` is a seed that nobody gave: whoever wants to repeat the run gives one."""
    if _IS_SEED.search(name.lower()) is None:
        return False
    code = facts.code(target)
    tests = (each.test for each in facts.ancestors(target) if isinstance(each, cst.If))
    return any(facts.code(test) in {f"{code} is None", f"not {code}"} for test in tests)
