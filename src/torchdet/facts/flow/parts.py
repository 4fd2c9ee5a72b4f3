"""The answers about one file that those about values and conditions build on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchdet.facts.flow.definitions import Bound, bound_by
from torchdet.facts.flow.uses import Use, use_of

if TYPE_CHECKING:
    from torchdet.facts.flow.attributes import Attributes
    from torchdet.facts.flow.bodies import Bodies
    from torchdet.facts.flow.branch_conditions import Conditions
    from torchdet.facts.flow.calls import FileCalls
    from torchdet.facts.flow.command_line import Options
    from torchdet.facts.flow.name_uses import NameUses
    from torchdet.facts.flow.reaching_definitions import ReachingDefinitions
    from torchdet.facts.lazy import cst


@dataclass(frozen=True, slots=True)
class FlowParts:
    """What is known of names, calls, attributes, options and conditions."""

    bodies: Bodies
    reaching: ReachingDefinitions
    conditions: Conditions
    attributes: Attributes
    calls: FileCalls
    options: Options
    name_uses: NameUses

    def use(self, node: cst.BaseExpression) -> Use:
        """What is done with the value of ``node``, where it stands."""
        return use_of(node, self.bodies.index.parents)

    def bound(self, target: cst.CSTNode) -> Bound:
        """What the expression ``target``, which is assigned to, receives."""
        return bound_by(target, self.bodies.index.parents)
