"""The command line: the only place that prints, exits, or draws progress."""

from __future__ import annotations

import importlib
import pkgutil

import click

from torchdet import __version__

_ALIASES = {"check": "lint"}


class _CommandsByModule(click.Group):
    """A group whose commands are the modules of this package, imported when they are named.

    ``torchdet lint`` is the click command ``lint`` in ``torchdet.cli.lint``, and ``check`` is what
    users of ruff call it. Modules whose name begins with an underscore are no commands.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        modules = pkgutil.iter_modules(__path__)
        return sorted(module.name for module in modules if not module.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        cmd_name = _ALIASES.get(cmd_name, cmd_name)
        if cmd_name not in self.list_commands(ctx):
            return None
        command = getattr(importlib.import_module(f"{__name__}.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_CommandsByModule, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="torchdet")
def main() -> None:
    """Find what makes PyTorch code irreproducible or unportable."""
