"""What a codemod is: a frozen value that answers for the findings of some rules.

The rules of ``lint`` find; a codemod says, for each finding that is not suppressed, by which edits
the code comes onto the handle, or why it does not. So nothing is migrated that ``lint`` would not
report, and nothing that it reports is passed over in silence: a finding that no codemod answers
for is a refusal by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from torchdet.edit.node_edit import NodeEdit
from torchdet.findings.base import Draft, Rule
from torchdet.findings.project_conditions import Condition
from torchdet.model.config import MigrateConfig
from torchdet.reading.context import Context

if TYPE_CHECKING:
    from torchdet.facts.file_facts import FileFacts


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What a rule found and no comment suppresses."""

    rule: Rule
    draft: Draft


@dataclass(frozen=True, slots=True, eq=False)
class Rewrite:
    """``finding`` is mended by ``edits``, all of them or none.

    ``message`` says what is written, in one line with code in backticks. With ``needs_handle``
    the edits use ``MigrationContext.handle``, and the module gets it bound if it is not yet.
    ``unsafe`` changes may change behaviour and are made only when asked for. ``conditions`` are
    what must hold in the project's other files; where one does not, the plan makes the change
    ``otherwise``, and refuses where there is none.

    Edits that lie within those of another finding are dropped: the outer one rewrites their code.
    """

    finding: Finding
    edits: tuple[NodeEdit, ...]
    message: str
    needs_handle: bool = True
    unsafe: bool = False
    conditions: tuple[Condition, ...] = ()
    otherwise: Rewrite | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Refuse:
    """``finding`` stays; ``reason`` says why and ``advice`` what a person should do about it."""

    finding: Finding
    reason: str
    advice: str


Outcome: TypeAlias = Rewrite | Refuse


@dataclass(frozen=True, slots=True)
class MigrationContext:
    """Where findings are rewritten: what their rules saw, and how this migration is configured.

    ``handle`` is the name under which the module has the handle, or will have it: ``rt`` unless
    something else goes by that name anywhere in the file.
    """

    rules: Context
    config: MigrateConfig
    handle: str

    @property
    def facts(self) -> FileFacts:
        """The facts of the file."""
        return self.rules.facts


# A string, because evaluating it would import LibCST.
RewriteFindings: TypeAlias = "Callable[[Sequence[Finding], MigrationContext], Iterator[Outcome]]"


@dataclass(frozen=True, slots=True, eq=False)
class Codemod:
    """One codemod. Its module's docstring is its documentation.

    ``rewrite`` gets the findings of the rules ``codes`` in one file, in the order of the text, and
    yields exactly one outcome for each. ``facade`` codemods are those of a migration to the
    facade, which takes no others.
    """

    codes: tuple[str, ...]
    module: str
    documentation: str
    rewrite: RewriteFindings = field(repr=False)
    facade: bool = False

    @property
    def name(self) -> str:
        """The kebab-case name of the rule whose folder it is in."""
        return self.module.split(".")[-2].replace("_", "-")
