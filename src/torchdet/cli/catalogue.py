"""``torchdet catalogue``."""

from __future__ import annotations

import click

from torchdet.cli._output import write_text
from torchdet.report.characters import json_text
from torchdet.torch_api.lookup import UnknownOperationError, find_operations
from torchdet.torch_api.operations import Operation, operations
from torchdet.torch_api.presentation import (
    operation_lines,
    operation_object,
    operation_text,
)


@click.command(short_help="Say whether an operation is deterministic, where, and what instead.")
@click.argument("operation", required=False)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text",
              show_default=True, help="Text for people, or JSON.")  # fmt: skip
def catalogue(operation: str | None, output_format: str) -> None:
    """Say whether OPERATION is deterministic, where, since when, what to write instead, and who
    says so.

    OPERATION is a name of the catalogue or any spelling: torch.Tensor.index_add_, index_add_,
    F.interpolate. Without it, all operations are listed. JSON is an array of objects.
    """
    found = tuple(operations().values()) if operation is None else _find(operation)
    if output_format == "json":
        objects = [operation_object(each) for each in found]
        write_text(json_text(objects))
    elif operation is None:
        write_text(operation_lines(found))
    else:
        write_text("\n".join(map(operation_text, found)))


def _find(asked: str) -> tuple[Operation, ...]:
    try:
        return find_operations(asked)
    except UnknownOperationError as error:
        raise click.BadParameter(str(error), param_hint="OPERATION") from None
