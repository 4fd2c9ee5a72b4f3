"""Operations that `torchdet.runtime.deterministic` has a deterministic version of.

The versions take the arguments of torch's functions. A test holds the names against the package.
"""

from __future__ import annotations

from torchdet.torch_api.operations import METHOD, Behaviour, Operation

PACKAGE = "torchdet.runtime"
NAME = "deterministic"

STAND_INS = frozenset(
    {
        *(f"adaptive_{kind}_pool{n}d" for kind in ("avg", "max") for n in (1, 2, 3)),
        *(f"max_unpool{n}d" for n in (1, 2, 3)),
        *("bincount", "cross_entropy", "ctc_loss", "grid_sample", "histc", "interpolate"),
        *("median", "nll_loss", "pad", "put", "put_", "scatter_reduce"),
    }
)

_BELOW = "torch._C."


def stand_in(spelling: str) -> str | None:
    """The name of the stand-in for a function or a tensor's method, if there is one.

    >>> stand_in("torch.nn.functional.grid_sample"), stand_in("torch.Tensor.put_")
    ('grid_sample', 'put_')
    """
    name = spelling.rpartition(".")[2]
    return None if spelling.startswith(_BELOW) or name not in STAND_INS else name


def stand_ins_of(operation: Operation) -> tuple[str, ...]:
    """The stand-ins for the spellings of a row that raises in deterministic mode."""
    if operation.behaviour is not Behaviour.ERRORS:
        return ()
    names = (stand_in(spelling) for spelling in operation.spellings)
    return tuple(dict.fromkeys(f"{PACKAGE}.{NAME}.{name}" for name in names if name))


def is_method(spelling: str) -> bool:
    """Whether the stand-in takes as its first argument what the method is called on."""
    return spelling.startswith(METHOD)
