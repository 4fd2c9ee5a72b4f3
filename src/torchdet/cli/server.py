"""``torchdet server``."""

from __future__ import annotations

import gc

import click

from torchdet.cli._output import CommandError


@click.command(short_help="Run the language server for editors.")
def server() -> None:
    """Speak the Language Server Protocol over standard input and output.

    An editor starts this: it shows findings while you type, and offers fixes, suppressions and
    what is known of the rule or the operation under the cursor.
    """
    try:
        from torchdet.integrations.language_server.server import serve
    except ModuleNotFoundError as error:
        if error.name not in ("lsprotocol", "pygls"):
            raise
        raise CommandError("the language server needs pygls: pip install 'torchdet[lsp]'") from None
    gc.enable()  # a server runs all day, unlike the other commands
    serve()
