"""Which imports of torch cannot come from the handle, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator

from torchdet.facts.file_facts import FileFacts
from torchdet.facts.lazy import cst
from torchdet.findings.base import Grounds
from torchdet.findings.handle.binding_rows import takes_attributes
from torchdet.findings.handle.torch_imports import Runs, TorchImport

LAZY = Grounds(
    "a lazy import is carried out when the name is first used, and a binding at once",
    "import torch without `lazy` where it is needed, and migrate again",
)
_MODULES = Grounds(
    'the file puts something else in the place of `sys.modules["torch"]`, which the handle does '
    "not see",
    "leave the import to this test, with `# noqa: DET101`",
)
_QUESTION = Grounds(
    "the import only asks whether torch is there; the handle would be set up for that",
    'ask `importlib.util.find_spec("torch") is not None`',
)
_OTHER_STATEMENTS = Grounds(
    "an absent name raises `AttributeError` when it comes from the handle, and to catch that would "
    "catch it of the other statements under this `try` as well",
    "give the import a `try` of its own, and migrate again",
)
_SUPPRESSED = Grounds(
    "an absent name raises `AttributeError` when it comes from the handle, which the `with` around "
    "it does not catch",
    "name `AttributeError` in the `with` as well, or write `try` and `except`, and migrate again",
)
_SHARED_ROW = Grounds(
    "the import shares its row with other statements, where no `if TYPE_CHECKING:` can stand",
    "write it in a row of its own, and migrate again",
)

_CAUGHT = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_MODULES_OF_TORCH = re.compile(
    r"""(?:sys\.modules|__import__)\b.{0,60}?["']torch["'.]""", re.DOTALL
)


def refusal(item: TorchImport, facts: FileFacts, *, keep_types: bool) -> Grounds | None:
    """Why ``item`` stays as it is; None if it need not."""
    statement = item.statement
    if item.runs is not Runs.FIRST and _plays_with_modules(facts):
        return _MODULES
    handlers = import_error_handlers(statement, facts)
    if item.runs is Runs.LATER and handlers and _is_unread(item, facts):
        return _QUESTION
    if takes_attributes(statement) and attribute_error_uncaught(statement, facts):
        around = _try_around(statement, facts)
        if around is None or not all(map(_is_plain, _simple_statements(around.body))):
            return _OTHER_STATEMENTS
    if takes_attributes(statement) and _import_error_suppressed(statement, facts):
        return _SUPPRESSED
    row = facts.parent(statement)
    if keep_types and not (isinstance(row, cst.SimpleStatementLine) and len(row.body) == 1):
        return _SHARED_ROW
    return None


def import_error_handlers(
    statement: cst.CSTNode, facts: FileFacts
) -> tuple[cst.ExceptHandler, ...]:
    """The clauses around ``statement`` that are meant for a failing import."""
    around = _try_around(statement, facts)
    if around is None:
        return ()
    return tuple(each for each in around.handlers if not _CAUGHT.isdisjoint(_caught(each)))


def attribute_error_uncaught(
    statement: cst.CSTNode, facts: FileFacts
) -> tuple[cst.ExceptHandler, ...]:
    """Those of the clauses that catch a missing name's ``ImportError``, no ``AttributeError``."""
    handlers = import_error_handlers(statement, facts)
    caught = {name for each in handlers for name in _caught(each)}
    if not caught.isdisjoint({"AttributeError", "Exception", "BaseException"}):
        return ()
    return tuple(each for each in handlers if "ImportError" in _caught(each))


def _import_error_suppressed(statement: cst.CSTNode, facts: FileFacts) -> bool:
    """Whether a ``with`` around it catches its ``ImportError``, and no ``AttributeError``."""
    for above in facts.ancestors(statement):
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            return False
        for item in above.items if isinstance(above, cst.With) else ():
            call = item.item
            if isinstance(call, cst.Call) and facts.means(
                call.func, "contextlib.suppress", "pytest.raises"
            ):
                caught = {
                    each.value.value for each in call.args if isinstance(each.value, cst.Name)
                }
                return "ImportError" in caught and "AttributeError" not in caught
    return False


def _try_around(statement: cst.CSTNode, facts: FileFacts) -> cst.Try | None:
    """The innermost ``try`` with clauses whose first block holds ``statement``."""
    below = statement
    for above in facts.ancestors(statement):
        if isinstance(above, (cst.FunctionDef, cst.Lambda)):
            return None
        if isinstance(above, cst.Try) and above.body is below and above.handlers:
            return above
        below = above
    return None


def _caught(handler: cst.ExceptHandler) -> set[str]:
    """The last names of what ``handler`` catches; everything, for one that names nothing."""
    if handler.type is None:
        return {"BaseException"}
    if isinstance(handler.type, cst.Tuple):
        caught = [element.value for element in handler.type.elements]
    else:
        caught = [handler.type]
    return {each.value for each in caught if isinstance(each, cst.Name)}


def _simple_statements(body: cst.BaseSuite) -> Iterator[cst.CSTNode]:
    for row in body.body:
        if isinstance(row, cst.SimpleStatementLine):
            yield from row.body
        else:
            yield row


def _is_plain(statement: cst.CSTNode) -> bool:
    """Whether it is an import, or an assignment of a name or a constant."""
    if isinstance(statement, cst.Assign):
        return isinstance(statement.value, (cst.Name, cst.SimpleString, cst.BaseNumber))
    return isinstance(statement, (cst.Import, cst.ImportFrom, cst.Pass, cst.If))


def _plays_with_modules(facts: FileFacts) -> bool:
    """Whether the file names torch together with ``sys.modules`` or ``__import__``."""
    return _MODULES_OF_TORCH.search(facts.source.text) is not None


def _is_unread(item: TorchImport, facts: FileFacts) -> bool:
    scope = facts.scope(item.statement)
    return not any(any(facts.uses_of(name, scope)) for name in item.names)
