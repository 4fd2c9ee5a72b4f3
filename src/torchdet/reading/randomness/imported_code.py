"""What a module takes from others of its project: the modules that it imports, and classes."""

from __future__ import annotations

from collections.abc import Iterator

from torchdet.reading.project import NOT_OF_PROJECTS, ModuleSource, Project
from torchdet.reading.randomness.survey import imported_modules, survey

_MODULES = frozenset({"Module", "LightningModule", "ModuleList", "PreTrainedModel", "Sequential"})


def imported_by(start: ModuleSource, project: Project) -> list[ModuleSource]:
    """The project's modules that ``start`` imports, directly or not."""
    pending = [start]
    found: list[ModuleSource] = []
    asked = {start.name}
    while pending:
        module = pending.pop()
        for name in _names_imported(module, project):
            if name in asked:
                continue
            asked.add(name)
            target = project.module(name)
            if target is not None:
                found.append(target)
                pending.append(target)
    return found


def _names_imported(module: ModuleSource, project: Project) -> Iterator[str]:
    """The names of what may be modules that the imports of ``module`` run.

    Those are the parents of what it imports from, and the members that may be submodules.
    """
    for origin, members in imported_modules(module.data):
        absolute = module.absolute(origin)
        if absolute.partition(".")[0] in NOT_OF_PROJECTS:
            continue
        end = absolute.find(".")
        while end >= 0:
            yield absolute[:end]
            end = absolute.find(".", end + 1)
        if absolute:
            yield absolute
        whole = project.module(absolute) if absolute and members else None
        if whole is None or whole.is_package:  # a folder needs no __init__.py
            yield from (f"{absolute}.{member}" if absolute else member for member in members)


def derives_from_module(name: str, project: Project) -> bool:
    """Whether the qualified ``name`` is a class of the project that derives from ``nn.Module``."""
    pending = [name]
    asked: set[str] = set()
    while pending:
        qualified = pending.pop()
        origin, _, last = qualified.rpartition(".")
        module = project.module(origin) if origin and qualified not in asked else None
        asked.add(qualified)
        if module is None:
            continue
        found = survey(module.source)
        bases = found.classes.get(last, ())
        if not _MODULES.isdisjoint(bases):
            return True
        for each in bases if last in found.classes else (last,):
            if each in found.imported:
                pending.append(module.absolute(found.imported[each]))
            elif each in found.classes:
                pending.append(f"{origin}.{each}")
    return False
