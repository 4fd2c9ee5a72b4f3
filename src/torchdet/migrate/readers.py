"""Which files of the project stand in the way of a change in another: conditions, looked at."""

from __future__ import annotations

from collections.abc import Iterable

from torchdet.engine.references import references
from torchdet.facts.file_facts import FileFacts
from torchdet.facts.index import Wanted
from torchdet.facts.parse import UnparseableError
from torchdet.findings.project_conditions import (
    Condition,
    NoContraryWrite,
    NoDeviceChosen,
    NoOwnMethod,
    NotCompiled,
    NotReadElsewhere,
)
from torchdet.model.source import DecodeError, SourceText
from torchdet.reading.devices.current_device import CHOOSING_WORDS, chooses_device
from torchdet.reading.own_methods import methods_of_classes
from torchdet.reading.project import ModuleSource
from torchdet.reading.scripted import COMPILING_WORDS, compiles_modules
from torchdet.reading.state.contrary_writes import names_of_writes, writes_otherwise


def violated_by(reader: ModuleSource, conditions: Iterable[Condition]) -> frozenset[Condition]:
    """Those of ``conditions`` that do not hold because of the module ``reader``.

    A file that cannot be read as Python is no reader.
    """
    asked = [each for each in conditions if _mentions(reader, each)]
    if not asked:
        return frozenset()
    try:
        names = frozenset(each.name for each in asked if isinstance(each, NotReadElsewhere))
        facts = FileFacts.parse(SourceText.decode(reader.data), Wanted(attributes=names))
    except (DecodeError, UnparseableError):
        return frozenset()
    return frozenset(each for each in asked if _violates(each, facts, reader))


def _mentions(reader: ModuleSource, condition: Condition) -> bool:
    """Whether the file holds the words without which it cannot violate ``condition``."""
    if isinstance(condition, NotReadElsewhere):
        return reader.name != condition.module and condition.name.encode() in reader.data
    if isinstance(condition, NoContraryWrite):
        names = names_of_writes(condition.switch)
        return any(name.rpartition(".")[2].encode() in reader.data for name in names)
    if isinstance(condition, NoOwnMethod):
        return f"def {condition.name}".encode() in reader.data
    if isinstance(condition, NotCompiled) and not _gets_at(condition.package, reader):
        return False
    words = CHOOSING_WORDS if isinstance(condition, NoDeviceChosen) else COMPILING_WORDS
    return any(word.encode() in reader.data for word in words)


def _gets_at(package: str, reader: ModuleSource) -> bool:
    """Whether the file is of ``package``, imports it, or imports what only its run knows."""
    own = reader.name.partition(".")[0] == package
    by_name = any(each in reader.data for each in (b"import_module", b"__import__"))
    return own or by_name or not package or reader.imports(package)


def _violates(condition: Condition, facts: FileFacts, reader: ModuleSource) -> bool:
    if isinstance(condition, NotReadElsewhere):
        return _reads(condition, facts, reader)
    if isinstance(condition, NoContraryWrite):
        switch, good = condition.switch, condition.good
        return any(
            writes_otherwise(each.node, each.name, switch, good, facts)
            for each in references(names_of_writes(switch), facts)
        )
    if isinstance(condition, NoOwnMethod):
        return condition.name in methods_of_classes(facts)
    if isinstance(condition, NoDeviceChosen):
        return chooses_device(facts)
    return compiles_modules(facts)


def _reads(condition: NotReadElsewhere, facts: FileFacts, reader: ModuleSource) -> bool:
    wanted = f"{condition.module}.{condition.name}"
    index = facts.index
    imported = (binding.qualified for binding in index.bindings() if binding.qualified is not None)
    if any(reader.absolute(name) == wanted for name in imported):
        return True
    attributes = index.attributes.get(condition.name, ())
    if any(wanted == reader.absolute(name) for a in attributes for name in facts.resolve(a).names):
        return True
    stars = {reader.absolute(origin) for origin, _ in index.star_imports}
    return condition.module in stars and condition.name in index.uses
