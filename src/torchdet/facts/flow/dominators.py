"""Which block dominates which."""

from __future__ import annotations

_ENTRY = 0


class _Forest:
    """The trees that the algorithm links, with the semidominators seen so far."""

    def __init__(self, number: list[int]) -> None:
        self.semi = list(number)
        self.ancestor = [-1] * len(number)
        self.steps = 0
        self._label = list(range(len(number)))

    def lowest(self, block: int) -> int:
        """The block with the least semidominator on the way to the root of its tree."""
        ancestor, label, semi = self.ancestor, self._label, self.semi
        if ancestor[block] == -1:
            return block
        start, path = block, []
        while ancestor[ancestor[block]] != -1:
            path.append(block)
            block = ancestor[block]
        self.steps += len(path) + 1
        for each in reversed(path):
            up = ancestor[each]
            if semi[label[up]] < semi[label[each]]:
                label[each] = label[up]
            ancestor[each] = ancestor[up]
        return label[start]


class Dominators:
    """The dominator tree of a graph: Lengauer and Tarjan's algorithm, with path compression.

    ``parent[block]`` is the immediate dominator; blocks that cannot be reached have none and
    stand in ``first`` with -1. ``first`` and ``last`` number the tree so that ``a`` dominates
    ``b`` exactly when ``first[a] <= first[b] <= last[a]``.
    """

    def __init__(self, successors: list[list[int]], predecessors: list[list[int]]) -> None:
        self._successors = successors
        self._predecessors = predecessors
        size = len(successors)
        self.parent = [-1] * size
        self.first = [-1] * size
        self.last = [-1] * size
        self.steps = 0
        self._frontier: list[list[int]] | None = None
        self._find(*self._number())
        self.order = self._walk()

    def dominates(self, above: int, below: int) -> bool:
        """Whether every way to ``below`` leads through ``above``."""
        return self.first[above] != -1 and (
            self.first[above] <= self.first[below] <= self.last[above]
        )

    def reachable(self, block: int) -> bool:
        """Whether any way leads to ``block``."""
        return self.first[block] != -1

    def _number(self) -> tuple[list[int], list[int], list[int]]:
        """Depth-first numbers from the entry: the order, the number of each, its parent."""
        successors = self._successors
        number = [-1] * len(successors)
        above = [-1] * len(successors)
        order: list[int] = []
        pending = [(_ENTRY, -1)]
        while pending:
            block, source = pending.pop()
            if number[block] != -1:
                continue
            number[block] = len(order)
            above[block] = source
            order.append(block)
            pending.extend((each, block) for each in reversed(successors[block]))
            self.steps += 1
        return order, number, above

    def _find(self, order: list[int], number: list[int], above: list[int]) -> None:
        forest = _Forest(number)
        semi = forest.semi
        buckets: list[list[int]] = [[] for _ in number]
        for block in reversed(order[1:]):
            source = above[block]
            for before in self._predecessors[block]:
                if number[before] != -1:
                    semi[block] = min(semi[block], semi[forest.lowest(before)])
            buckets[order[semi[block]]].append(block)
            forest.ancestor[block] = source
            for each in buckets[source]:
                best = forest.lowest(each)
                self.parent[each] = best if semi[best] < semi[each] else source
            buckets[source].clear()
        for block in order[1:]:
            if self.parent[block] != order[semi[block]]:
                self.parent[block] = self.parent[self.parent[block]]
        self.steps += forest.steps

    def _walk(self) -> list[int]:
        """Number the tree, and return its blocks, parents first."""
        children: list[list[int]] = [[] for _ in self.parent]
        for block, above in enumerate(self.parent):
            if above != -1:
                children[above].append(block)
        order: list[int] = []
        pending = [_ENTRY]
        while pending:
            block = pending.pop()
            if block < 0:
                self.last[~block] = len(order) - 1
                continue
            self.first[block] = len(order)
            order.append(block)
            pending.append(~block)
            pending.extend(reversed(children[block]))
        return order

    @property
    def frontier(self) -> list[list[int]]:
        """Where the dominance of each block ends: the joins just beyond it."""
        if self._frontier is None:
            self._frontier = [[] for _ in self.parent]
            for join in self.order:
                before = [each for each in self._predecessors[join] if self.reachable(each)]
                if len(before) < 2:
                    continue
                for each in before:
                    runner = each
                    while runner not in (-1, self.parent[join]):
                        found = self._frontier[runner]
                        self.steps += 1
                        if found and found[-1] == join:
                            break  # those above have it as well
                        found.append(join)
                        runner = self.parent[runner]
        return self._frontier
