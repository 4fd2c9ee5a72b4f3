"""The command line of the tools: `python -m torchdet.dev COMMAND`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from torchdet.dev.count_names import count_report
from torchdet.dev.new_rule import PLACEHOLDER, NewRuleError, write_rule


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m torchdet.dev", description="Tools for those who work on torchdet."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "generate-torch-api", help="write the tables of torch_api from the installed torch"
    )
    commands.add_parser("count-names", help="count the hand-written names of PyTorch, by module")
    rule = commands.add_parser("new-rule", help="write the files of a new rule")
    rule.add_argument("name", metavar="FAMILY/NAME", help="such as state/default-dtype")
    rule.add_argument(
        "--reports", default=PLACEHOLDER, metavar="FUNCTION", help="the function of torch to report"
    )
    options = parser.parse_args(arguments)
    try:
        sys.stdout.writelines(f"{line}\n" for line in _run(options))
    except NewRuleError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _run(options: argparse.Namespace) -> Iterator[str]:
    """Carry out a command, and say what it did."""
    if options.command == "generate-torch-api":
        from torchdet.dev.generate import write_tables

        yield from (f"wrote {path}" for path in write_tables())
    elif options.command == "new-rule":
        yield from (f"wrote {path}" for path in write_rule(options.name, reports=options.reports))
        yield "Next: edit them, then run `pytest tests/findings -k NAME`."
    else:
        yield from count_report().splitlines()


if __name__ == "__main__":
    raise SystemExit(main())
