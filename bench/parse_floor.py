"""Parse files and do nothing else: the floor under a linter that parses.

    python bench/parse_floor.py {ast,cst} JOBS FOLDER [--containing TEXT]

Prints how many files were parsed; those that don't parse are named on standard error.
"""

from __future__ import annotations

import argparse
import ast
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path


def parse_with(parser: str, containing: bytes, path: Path) -> bool:
    """Parse one file with ``ast`` or LibCST, unless it lacks ``containing``."""
    data = path.read_bytes()
    if containing not in data:
        return False
    try:
        if parser == "ast":
            ast.parse(data)
        else:
            import libcst

            libcst.parse_module(data)
    except Exception as error:  # noqa: BLE001  what is measured must go on to the next file
        print(f"{path}: {type(error).__name__}", file=sys.stderr)
    return True


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("parser", choices=["ast", "cst"])
    arguments.add_argument("jobs", type=int)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--containing", default="")
    options = arguments.parse_args()
    paths = sorted(options.folder.rglob("*.py"))
    work = partial(parse_with, options.parser, options.containing.encode())
    if options.jobs == 1:
        parsed = sum(map(work, paths))
    else:
        with ProcessPoolExecutor(options.jobs) as pool:
            parsed = sum(pool.map(work, paths, chunksize=8))
    print(parsed)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
