"""``torchdet completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from torchdet.cli._output import write_text

_VARIABLE = "_TORCHDET_COMPLETE"  # what click asks for the program's name


@click.command(short_help="Print a script that completes commands and options in a shell.")
@click.argument("shell", type=click.Choice(["bash", "fish", "zsh"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that has SHELL complete torchdet's commands, options and rules.

    \b
    bash:  torchdet completion bash >> ~/.bashrc
    zsh:   torchdet completion zsh >> ~/.zshrc
    fish:  torchdet completion fish > ~/.config/fish/completions/torchdet.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    root = context.find_root()
    write_text(f"{kind(root.command, {}, 'torchdet', _VARIABLE).source()}\n")
