"""What seeds random numbers, what draws them, and what makes generators."""

from __future__ import annotations

from functools import cache

from torchdet.torch_api.public_names import qualified
from torchdet.torch_api.tables import generated_rows

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

LIBRARY_SEEDERS = frozenset(
    {
        "accelerate.utils.set_seed",
        "ignite.utils.manual_seed",
        "lightning.fabric.seed_everything",
        "lightning.pytorch.seed_everything",
        "lightning.seed_everything",
        "monai.utils.set_determinism",
        "pyro.set_rng_seed",
        "pytorch_lightning.seed_everything",
        "transformers.set_seed",
        "transformers.trainer_utils.set_seed",
    }
)
"""Functions of libraries around PyTorch that seed everything with their first argument."""

SEEDED_BY_FIRST_ARGUMENT = (
    TORCH_SEEDERS
    | LIBRARY_SEEDERS
    | qualified("numpy.random", "RandomState SeedSequence default_rng seed")
    | qualified("random", "Random seed")
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
