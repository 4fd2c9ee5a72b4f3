"""What a codemod is: a frozen value that answers for the findings of one rule.

The rules of ``lint`` find; a codemod says, for each finding that is not suppressed, by which edits
the code comes onto the handle, or why it does not. So a migration touches nothing that ``lint``
would not report, and answers for everything that it reports: the findings of a rule that has no
codemod are refused on the ``Grounds`` that the rule gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeGuard, TypeVar

from torchdet.edit.node_edit import NodeEdit, NodeFix
from torchdet.facts.lazy import cst
from torchdet.findings.base import Draft, Grounds, Rule
from torchdet.findings.handle.torch_access import TorchAccess
from torchdet.findings.project_conditions import Condition
from torchdet.model.config import MigrateConfig
from torchdet.reading.context import Context

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts

_Subject = TypeVar("_Subject")
_Subject_co = TypeVar("_Subject_co", covariant=True)


@dataclass(frozen=True, slots=True, eq=False)
class Finding(Generic[_Subject_co]):
    """What a rule found and no comment suppresses.

    ``node`` is what the rule underlines, ``subject`` what it found out about it, and ``fix`` what
    ``torchdet fix`` would do.
    """

    rule: Rule
    node: cst.CSTNode
    subject: _Subject_co
    fix: NodeFix | None = None

    @staticmethod
    def of(rule: Rule, draft: Draft) -> Finding[object]:
        """The finding that ``rule`` states in ``draft``."""
        return Finding(rule, draft.node, draft.subject, draft.fix)


@dataclass(frozen=True, slots=True, eq=False)
class Rewrite:
    """``finding`` is mended by ``edits``, all of them or none.

    ``message`` says what is written, in one line with code in backticks. With ``needs_handle``
    the edits use ``MigrationContext.handle``, and the module gets it bound if it is not yet.
    A change with a ``risk`` may change behaviour and is made only when asked for; the risk says
    what, and what to do about it. ``conditions`` are what must hold in the project's other files;
    where one does not, the plan makes the change ``otherwise``, and refuses where there is none.

    ``shared`` are edits that other findings may need just as much, such as an import: they are made
    once, with the first of them that is mended.

    With ``needs_torch`` the module also gets ``MigrationContext.torch`` bound. ``gone`` are the
    rows of imports that the change takes away, one of which may make place for what binds names.

    Edits that lie within those of another finding are dropped: the outer one rewrites their code.
    """

    finding: Finding[object]
    edits: tuple[NodeEdit, ...]
    message: str
    needs_handle: bool = True
    needs_torch: bool = False
    risk: Grounds | None = None
    conditions: tuple[Condition, ...] = ()
    otherwise: Rewrite | None = None
    gone: tuple[cst.CSTNode, ...] = ()
    shared: tuple[NodeEdit, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Refuse:
    """``finding`` stays as it is, on these ``grounds``."""

    finding: Finding[object]
    grounds: Grounds


Outcome: TypeAlias = Rewrite | Refuse


@dataclass(frozen=True, slots=True)
class MigrationContext:
    """Where findings are rewritten: what their rules saw, and how this migration is configured.

    ``handle`` is the name under which the module has the handle, or will have it: ``rt`` unless
    something else goes by that name anywhere in the file. ``torch`` is so for torch. ``access``
    says where the module gets them from.
    """

    rules: Context
    config: MigrateConfig
    handle: str
    torch: str = "torch"
    access: TorchAccess = field(default_factory=TorchAccess)

    @property
    def facts(self) -> FileFacts:
        """The facts of the file."""
        return self.rules.facts


_Rewriting: TypeAlias = Callable[[Sequence[Finding[_Subject]], MigrationContext], Iterator[Outcome]]


@dataclass(frozen=True, slots=True, eq=False)
class Codemod(Generic[_Subject]):
    """What a migration makes of the findings of the rule in whose folder it is.

    Its module's docstring is its documentation. ``subject`` is the type of what the rule found
    out. ``rewrite`` gets the findings of one file, in the order of the text, and yields exactly one
    outcome for each. ``to_facade`` does so in a migration to the facade, where that differs.
    """

    module: str
    documentation: str
    subject: type[_Subject]
    rewrite: _Rewriting[_Subject] = field(repr=False)
    to_facade: _Rewriting[_Subject] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The kebab-case name of the rule."""
        return self.module.split(".")[-2].replace("_", "-")

    def answer(
        self, findings: Sequence[Finding[object]], context: MigrationContext
    ) -> list[Outcome]:
        """One outcome for each of ``findings``.

        Raises ``TypeError`` where a finding has a subject of another type than the codemod asks
        for, and ``AssertionError`` where the codemod leaves a finding without an outcome.
        """
        about = [finding for finding in findings if _is_about(finding, self.subject)]
        if len(about) != len(findings):
            given = {type(finding.subject).__name__ for finding in findings} - {
                self.subject.__name__
            }
            raise TypeError(
                f"{self.module} asks for {self.subject.__name__}, and its rule gives "
                f"{', '.join(sorted(given))}"
            )
        rewrite = self.rewrite
        if context.config.facade and self.to_facade is not None:
            rewrite = self.to_facade
        outcomes = list(rewrite(about, context))
        if sorted(id(outcome.finding) for outcome in outcomes) != sorted(map(id, findings)):
            raise AssertionError(f"{self.module} does not answer once for each of its findings")
        return outcomes


def _is_about(finding: Finding[object], subject: type[_Subject]) -> TypeGuard[Finding[_Subject]]:
    return isinstance(finding.subject, subject)
