"""How long the language server takes from a keystroke to the diagnostics, in one process.

    python bench/server_latency.py --lines 500 --keystrokes 20

The file is made of the training script in ``fixtures``, repeated until it has the lines that are
asked for; each keystroke changes a number in its middle. The time includes the pause for which the
server waits whether another keystroke comes. Prints the median and the slowest.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import BaseLanguageClient

_SCRIPT = Path(__file__).parents[1] / "fixtures" / "training_script" / "train.py"


async def keystrokes(lines: int, count: int) -> list[float]:
    """The seconds that each keystroke took."""
    script = _SCRIPT.read_text(encoding="utf-8").splitlines()
    rows = [script[index % len(script)] for index in range(lines)]
    client = BaseLanguageClient("bench", "1")
    told = asyncio.Event()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def published(_params: types.PublishDiagnosticsParams) -> None:
        told.set()

    with tempfile.TemporaryDirectory() as folder:
        await client.start_io(sys.executable, "-m", "torchdet", "server", cwd=folder)
        await client.initialize_async(types.InitializeParams(types.ClientCapabilities()))
        uri = (Path(folder) / "train.py").as_uri()
        item = types.TextDocumentItem(uri, "python", 0, "\n".join(rows))
        client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        await told.wait()
        seconds = []
        for version in range(1, count + 1):
            told.clear()
            rows[lines // 2] = f"LATEST = {version}"
            started = time.perf_counter()
            client.text_document_did_change(
                types.DidChangeTextDocumentParams(
                    types.VersionedTextDocumentIdentifier(version, uri),
                    [types.TextDocumentContentChangeWholeDocument("\n".join(rows))],
                )
            )
            await told.wait()
            seconds.append(time.perf_counter() - started)
        await client.shutdown_async(None)
        client.exit(None)
        await client.stop()
    return seconds


def main() -> None:
    """Print what the keystrokes took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=500)
    parser.add_argument("--keystrokes", type=int, default=20)
    given = parser.parse_args()
    seconds = asyncio.run(keystrokes(given.lines, given.keystrokes))
    print(
        f"{given.lines} lines, {given.keystrokes} keystrokes: "
        f"median {statistics.median(seconds) * 1000:.0f} ms, slowest {max(seconds) * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main()
