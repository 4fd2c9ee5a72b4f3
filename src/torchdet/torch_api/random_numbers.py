"""What seeds random numbers, what draws them, and what makes generators."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache

from torchdet.torch_api import libraries
from torchdet.torch_api.public_names import qualified
from torchdet.torch_api.tables import generated_rows


class Stream(Enum):
    """A generator that belongs to the whole process."""

    TORCH = "torch"
    ACCELERATOR = "accelerator"
    PYTHON = "random"
    NUMPY = "numpy"


ALL_STREAMS = frozenset(Stream)

ACCELERATOR_SEEDERS = qualified(
    "torch.cuda", "manual_seed manual_seed_all random.manual_seed random.manual_seed_all"
)
"""Functions that seed CUDA's generators alone; `torch.manual_seed` seeds them as well."""

TORCH_SEEDERS = ACCELERATOR_SEEDERS | qualified(
    "torch",
    """
    manual_seed random.manual_seed mps.manual_seed mtia.manual_seed mtia.manual_seed_all
    xpu.manual_seed xpu.manual_seed_all xpu.random.manual_seed xpu.random.manual_seed_all
    """,
)
"""Functions that seed generators of PyTorch with their first argument."""

TORCH_SEEDING_NAMES = frozenset(
    {"manual_seed", "manual_seed_all", "set_rng_state", "set_rng_state_all"}
)
"""Last names of functions of torch that seed a generator of the process, or put its state back."""

RESEEDERS = qualified(
    "torch",
    """
    cuda.random.seed cuda.random.seed_all cuda.seed cuda.seed_all mps.seed mtia.seed mtia.seed_all
    random.seed seed xpu.seed xpu.seed_all xpu.random.seed xpu.random.seed_all
    """,
)
"""Functions of torch that take a seed from the operating system, another one each time."""

PYTHON_SEEDERS = ("random.seed", "random.setstate")
"""Functions that seed Python's global generator, or put its state back."""

NUMPY_SEEDERS = ("numpy.random.seed", "numpy.random.set_state")
"""Functions that seed NumPy's global generator, or put its state back."""

SEEDING_FUNCTIONS = (
    *sorted(TORCH_SEEDERS),
    "random.seed",
    "numpy.random.seed",
    *sorted({row.name for row in libraries.rows("seeds") if row.position == 0 and "." in row.name}),
)
"""Functions that seed generators of the process with their first argument."""

SEEDED_BY_FIRST_ARGUMENT = (
    frozenset(SEEDING_FUNCTIONS)
    | qualified("numpy.random", "RandomState SeedSequence default_rng")
    | qualified("random", "Random")
)
"""Functions and classes whose first argument is a seed."""

NUMPY_GENERATORS = tuple(
    f"numpy.random.{name}"
    for name in (
        *("MT19937", "PCG64", "PCG64DXSM", "Philox", "RandomState", "SFC64", "SeedSequence"),
        "default_rng",
    )
)
"""Classes and functions of NumPy that make a generator, or what seeds one."""

GENERATOR_MAKERS = (
    "numpy.random.default_rng",
    "numpy.random.RandomState",
    "numpy.random.Generator",
    "random.Random",
    "torch.Generator",
)
"""What makes a generator for itself, in the three libraries."""

NUMPY_DRAWS = qualified(
    "numpy.random",
    """
    beta binomial bytes chisquare choice dirichlet exponential f gamma geometric gumbel
    hypergeometric laplace logistic lognormal logseries multinomial multivariate_normal
    negative_binomial noncentral_chisquare noncentral_f normal pareto permutation poisson
    power rand randint randn random random_integers random_sample ranf rayleigh sample
    shuffle standard_cauchy standard_exponential standard_gamma standard_normal standard_t
    triangular uniform vonmises wald weibull zipf
    """,
)
"""Functions that draw from NumPy's global generator."""

PYTHON_DRAWS = qualified(
    "random",
    """
    betavariate binomialvariate choice choices expovariate gammavariate gauss getrandbits
    lognormvariate normalvariate paretovariate randbytes randint random randrange sample
    shuffle triangular uniform vonmisesvariate weibullvariate
    """,
)
"""Functions that draw from Python's global generator."""

INDEX_DRAWS = ("torch.randperm", "torch.randint", "torch.multinomial")
"""Functions of torch that draw indices, to shuffle or to pick by."""


@cache
def tensor_draws() -> frozenset[str]:
    """Functions of `torch` that make a tensor of random numbers on a `device`.

    >>> sorted(tensor_draws())[:3]
    ['torch.normal', 'torch.rand', 'torch.rand_like']
    """
    return frozenset(
        name
        for name, returns, device, generator, *_ in generated_rows("functions")
        if device and generator and returns == "tensor"
    )


@cache
def filling_draws() -> frozenset[str]:
    """Methods that fill a tensor with random numbers in place, such as `normal_`."""
    return frozenset(
        name.rpartition(".")[2]
        for name, _, _, generator, *_ in generated_rows("functions")
        if generator and name.startswith("torch.Tensor.") and name.endswith("_")
    )


@dataclass(frozen=True, slots=True)
class Seeding:
    """What a call seeds: ``streams``, from the argument ``keyword``, which may be at ``position``.

    ``always`` says that it seeds them without the argument as well.
    """

    streams: frozenset[Stream]
    keyword: str = "seed"
    position: int | None = 0
    always: bool = False


_NOTHING = Seeding(frozenset())
_TORCH = frozenset({Stream.TORCH, Stream.ACCELERATOR})


def seeding(name: str) -> Seeding | None:
    """What a call of the qualified ``name`` seeds; None for what is no known function.

    A call or a subscript inside the name is written ``()``: ``torch.Generator.().manual_seed``
    seeds a generator of its own.

    >>> seeding("torch.manual_seed").streams == {Stream.TORCH, Stream.ACCELERATOR}
    True
    >>> seeding("torch.rand").streams, seeding("kit.set_seed")
    (frozenset(), None)
    """
    package, _, rest = name.partition(".")
    if package == "torch":
        last = rest.rpartition(".")[2]
        if last not in TORCH_SEEDING_NAMES or "()" in rest:
            return _NOTHING
        on_cpu = rest.partition(".")[0] in {last, "random"}
        return Seeding(_TORCH if on_cpu else frozenset({Stream.ACCELERATOR}))
    if name in PYTHON_SEEDERS:
        return Seeding(frozenset({Stream.PYTHON}), "a")
    if name in NUMPY_SEEDERS:
        return Seeding(frozenset({Stream.NUMPY}))
    return _library_seeding(name) if package in _seeding_packages() else None


def seeds_torch(name: str) -> bool:
    """Whether a call of the qualified ``name`` seeds torch's generator on the CPU.

    >>> seeds_torch("torch.manual_seed"), seeds_torch("torch.cuda.manual_seed")
    (True, False)
    """
    found = seeding(name)
    return found is not None and Stream.TORCH in found.streams


@cache
def _seeding_packages() -> frozenset[str]:
    return frozenset(row.package for row in libraries.rows("seeds"))


@cache
def _library_seeding(name: str) -> Seeding | None:
    for row in libraries.rows("seeds"):
        if "." in row.name and re.fullmatch(re.escape(row.name).replace(r"\*", r"[\w.]*"), name):
            streams = frozenset(map(Stream, row.streams))
            return Seeding(streams, row.argument, row.position, row.otherwise == "always")
    return None


def seeding_functions(stream: Stream) -> frozenset[str]:
    """The functions of torch and of the libraries around it that seed ``stream``.

    >>> "lightning.seed_everything" in seeding_functions(Stream.TORCH)
    True
    """
    names = (row.name for row in libraries.rows("seeds") if stream.value in row.streams)
    exact = {name for name in names if "." in name and "*" not in name}
    return frozenset(
        name
        for name in TORCH_SEEDERS | exact
        if (found := seeding(name)) is not None and stream in found.streams
    )


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a call draws from: ``stream``, unless one of the arguments ``keywords`` brings a seed.

    ``position`` is that of the first of them, if it has one.

    With ``flag`` it only draws where that argument is true, which it is by default if
    ``flag_default`` says so.
    """

    stream: Stream
    keywords: tuple[str, ...] = ()
    position: int | None = None
    flag: str = ""
    flag_default: bool = True


@cache
def library_draws() -> dict[str, Drawing]:
    """Functions and classes of libraries that draw from a generator of the process, by name.

    >>> library_draws()["sklearn.model_selection.train_test_split"].keywords
    ('random_state',)
    """
    return {row.name: _drawing(row) for row in libraries.rows("draws") if "." in row.name}


@cache
def library_draws_by_method() -> dict[str, dict[str, Drawing]]:
    """Methods of the objects of a library that draw from a generator of the process.

    >>> library_draws_by_method()["sample"]["pandas"].keywords
    ('random_state',)
    """
    found: dict[str, dict[str, Drawing]] = {}
    for row in libraries.rows("draws"):
        if "." not in row.name:
            found.setdefault(row.name, {})[row.package] = _drawing(row)
    return found


def _drawing(row: libraries.LibraryRow) -> Drawing:
    flag, _, default = row.when.partition("=")
    (stream,) = map(Stream, row.streams)
    return Drawing(stream, tuple(row.argument.split()), row.position, flag, default != "False")


def drawn_stream(name: str) -> Stream | None:
    """The generator of the process, other than torch's, that a call of ``name`` draws from.

    >>> drawn_stream("numpy.random.rand"), drawn_stream("torch.rand")
    (<Stream.NUMPY: 'numpy'>, None)
    """
    if name in PYTHON_DRAWS:
        return Stream.PYTHON
    if name in NUMPY_DRAWS:
        return Stream.NUMPY
    drawing = library_draws().get(name)
    return drawing.stream if drawing is not None else None


@cache
def library_generators() -> dict[str, str]:
    """Classes of libraries whose objects draw from a generator of their own: what seeds it.

    >>> library_generators()["albumentations.Compose"]
    'seed'
    """
    return {row.name: row.argument for row in libraries.rows("generator")}


@cache
def training_methods(package: str) -> frozenset[str]:
    """The methods of a library's objects that train a model.

    >>> training_methods("stable_baselines3")
    frozenset({'learn'})
    """
    return frozenset(row.name for row in libraries.rows("trains") if row.package == package)
