"""Compare names and positions with LibCST's own metadata providers, on any folders.

    python bench/fetch_corpus.py
    python bench/oracle.py --files 200 .corpus/src

Every dotted name of the sampled files is resolved twice: by `torchdet.facts` and by
`QualifiedNameProvider`; and the place of every name, call, string and statement is worked out
twice: by `torchdet.facts.locate` and by `PositionProvider`. Differences are counted by cause. The
causes in `EXPLAINED` are meant (their words say why); the others are printed with their place,
and the script then exits with 1.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst.metadata import (
    MetadataWrapper,
    PositionProvider,
    QualifiedNameProvider,
    QualifiedNameSource,
)

from torchdet.engine.deep_stack import run_with_deep_stack
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import DottedUse, Wanted
from torchdet.facts.locate import locate
from torchdet.facts.parse import UnparseableError
from torchdet.facts.scope import BindingKind
from torchdet.model.source import DecodeError, SourceText

EXPLAINED = {
    "flow": "the name is assigned from an import (`t = torch`), which LibCST does not follow",
    "order": "LibCST leaves out what binds the name further down",
    "shadowed": "the name is bound by an import and otherwise, so that it stays unknown here",
    "facade": "torchdet's own facade stands for torch",
    "star": "LibCST does not know which names a star import of torch binds",
    "runtime module": "`_torch_runtime`, which a migration writes, stands for torch and the handle",
    "deletion": "`del` makes a name local to its function; LibCST takes it for the import",
    "pattern": "a pattern of `match` binds its names; LibCST takes them for the import",
    "walrus": "a walrus in a comprehension binds in the function; LibCST keeps it inside",
}
_PLACED = (cst.Name, cst.Attribute, cst.Call, cst.SimpleString, cst.Arg, cst.BaseStatement)


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement: what about, where, and what both said."""

    cause: str
    path: str
    row: int
    code: str
    ours: str
    oracle: str

    def __str__(self) -> str:
        return f"{self.path}:{self.row}: {self.code}: {self.ours}, LibCST {self.oracle}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of one file."""

    names: int
    positions: int
    differences: tuple[Difference, ...]


def compare(path: str, data: bytes) -> Comparison:
    """Compare both ways on one file. Raises what decoding and parsing raise."""
    source = SourceText.decode(data)
    facts = FileFacts.parse(source, Wanted())
    wrapper = MetadataWrapper(facts.module, unsafe_skip_copy=True)
    names = list(_names(path, facts, wrapper))
    positions = list(_positions(path, facts, wrapper))
    differences = [d for d in (*names, *positions) if d is not None]
    return Comparison(len(names), len(positions), tuple(differences))


def _names(path: str, facts: FileFacts, wrapper: MetadataWrapper) -> Iterator[Difference | None]:
    qualified = wrapper.resolve(QualifiedNameProvider)
    for uses in facts.index.uses.values():
        for use in uses:
            if isinstance(use.node, cst.SimpleString):
                continue  # LibCST records no names for the string itself
            ours = set(facts.resolver.use(use).names)
            said = qualified.get(use.node, set())
            said = said() if callable(said) else said
            imported = {q.name for q in said if q.source is QualifiedNameSource.IMPORT}
            local = any(q.source is QualifiedNameSource.LOCAL for q in said)
            foreign = {name for name in ours if not name.startswith("builtins.")}
            if foreign == imported and not (local and imported):
                yield None
                continue
            cause = _cause(use, facts, foreign, imported)
            row = _row(facts, use.node)
            code = ".".join(use.parts)
            yield Difference(cause, path, row, code, _said(foreign), _said(imported))


def _said(names: Iterable[str]) -> str:
    return " or ".join(sorted(names)) or "nothing"


def _row(facts: FileFacts, node: cst.CSTNode) -> int:
    start, _ = locate(facts.module, facts.source.text, {node}, facts.index.parents).spans[node]
    return facts.source.location(start).row


def _cause(use: DottedUse, facts: FileFacts, ours: set[str], imported: set[str]) -> str:
    """Why the answers differ, as far as the bindings of the name tell."""
    name = use.parts[0]
    owner = use.scope.owner(name)
    bindings = owner.bindings[name] if owner is not None else []
    kinds = {binding.kind for binding in bindings}
    above = {type(facts.parent(binding.node)) for binding in bindings}
    if ours and kinds & {BindingKind.ASSIGNMENT, BindingKind.PARAMETER}:
        return "flow"
    if ours and imported and all(said.startswith("torchdet.facade.") for said in imported):
        return "facade"
    if any("_torch_runtime" in said for said in imported):
        return "runtime module"
    if ours and BindingKind.IMPORT not in kinds:
        return "star"
    if ours:
        return "order" if kinds == {BindingKind.IMPORT} and imported < ours else "name"
    if BindingKind.IMPORT in kinds and len(kinds) > 1:
        return "shadowed"
    if kinds == {BindingKind.DELETION}:
        return "deletion"
    if above and above <= {cst.MatchAs, cst.MatchStar, cst.MatchMapping}:
        return "pattern"
    return "walrus" if above == {cst.NamedExpr} else "name"


def _positions(
    path: str, facts: FileFacts, wrapper: MetadataWrapper
) -> Iterator[Difference | None]:
    ranges = wrapper.resolve(PositionProvider)
    source = facts.source
    wanted = [node for node in ranges if isinstance(node, _PLACED)]
    ours = locate(facts.module, source.text, wanted, facts.index.parents)
    for node in wanted:
        place = ranges[node]
        said = tuple(
            source.offset(min(p.line, source.row_count), p.column + 1)
            for p in (place.start, place.end)
        )
        if ours.spans[node] == said:
            yield None
        elif not ours.faithful:
            yield None  # nothing is edited in such a file
        else:
            code = facts.code(node).strip().partition("\n")[0]
            row = source.location(ours.spans[node][0]).row
            yield Difference("position", path, row, code, str(ours.spans[node]), str(said))


def sample(folders: Iterable[Path], count: int, seed: int) -> list[Path]:
    """Files below ``folders``, as many from each of their sub-folders as can be had."""
    groups = [
        sorted(child.rglob("*.py")) if child.is_dir() else [child]
        for folder in folders
        for child in (sorted(folder.iterdir()) if folder.is_dir() else [folder])
        if child.is_dir() or child.suffix == ".py"
    ]
    chosen: list[Path] = []
    draw = random.Random(seed)
    for left, group in zip(range(len(groups), 0, -1), sorted(groups, key=len), strict=True):
        share = min(len(group), -(-(count - len(chosen)) // left))
        chosen += draw.sample(group, share)
    return sorted(chosen)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--files", type=int, default=200, help="how many to sample")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=3, help="examples of each explained cause")
    options = parser.parse_args()
    found: dict[str, list[Difference]] = {}
    totals: Counter[str] = Counter()
    for path in sample(options.folders, options.files, options.seed):
        totals["files"] += 1
        try:
            data = path.read_bytes()
            comparison = run_with_deep_stack(lambda path=path, data=data: compare(str(path), data))
        except (DecodeError, UnparseableError) as error:
            totals["unparseable"] += 1
            print(f"{path}: not compared: {error}", file=sys.stderr)
            continue
        totals["names"] += comparison.names
        totals["positions"] += comparison.positions
        for difference in comparison.differences:
            found.setdefault(difference.cause, []).append(difference)
    print(", ".join(f"{count} {what}" for what, count in totals.items()))
    for cause, differences in sorted(found.items()):
        print(f"{len(differences)} x {cause}: {EXPLAINED.get(cause, 'UNEXPLAINED')}")
        for difference in differences[: options.show if cause in EXPLAINED else None]:
            print(f"    {difference}")
    return 1 if set(found) - set(EXPLAINED) else 0


if __name__ == "__main__":
    sys.exit(main())
