"""The short of a migration, for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from torchdet.model.migration import Account
from torchdet.report.characters import printable
from torchdet.report.wording import count


def render(account: Account) -> str:
    """What was changed and refused by rule, and what is left to a person."""
    made = Counter(each.code for file in account.files for each in file.made)
    changed = sum(1 for file in account.files if file.made)
    failed = sum(1 for file in account.files if file.failed is not None)
    lines = [_headline(made.total(), changed, failed, written=account.written), *_table(made)]
    lines += [
        f"New: {printable(file.path)}, where the package gets torch and its device from"
        for file in account.files
        if file.new
    ]
    refused = Counter((each.code, each.reason) for file in account.files for each in file.refusals)
    if refused:
        lines.append(f"Refused {count(refused.total(), 'finding')}:")
        by_count = sorted(refused.items(), key=lambda item: (-item[1], item[0]))
        lines += [
            f"  {number:>5}  {code}  {printable(reason)}" for (code, reason), number in by_count
        ]
    for each in account.undeclared:
        lines.append(f"{printable(each.path)}:{each.row}: add {printable(each.line)} beside torch")
    return "".join(f"{line}\n" for line in lines)


def _headline(made: int, files: int, failed: int, *, written: bool) -> str:
    if not made:
        return f"Nothing migrated: {count(failed, 'file')} failed" if failed else _NOTHING
    what = f"{count(made, 'finding')} in {count(files, 'file')}"
    return f"Migrated {what}:" if written else f"Would migrate {what}:"


_NOTHING = "Nothing to migrate"


def _table(counts: Counter[str]) -> Iterable[str]:
    by_count = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"  {number:>5}  {code}" for code, number in by_count]
