"""Recipes: generators, what draws from them and what seeds them."""

# torch leaves many functions without annotations.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import distributions, nn
from torch.nn.utils import prune
from torch.utils.checkpoint import checkpoint

from tests.torch_api.observation import deterministic_algorithms, digest
from tests.torch_api.recipe import claim

Draw = Callable[[], torch.Tensor]


def state(device: torch.device) -> bytes:
    """The state of the default generator of ``device``."""
    module = torch.get_device_module(device)
    held = torch.get_rng_state() if device.type == "cpu" else module.get_rng_state()
    return bytes(held.cpu().numpy().tobytes())


def assert_draws_from_the_default_generator(draw: Draw, device: torch.device) -> None:
    """That ``draw`` moves the default generator on, and repeats once that is seeded again."""
    torch.manual_seed(3)
    start = state(device)
    first = digest(draw())
    assert state(device) != start
    torch.manual_seed(3)
    assert digest(draw()) == first
    with deterministic_algorithms(True):
        torch.manual_seed(3)
        assert digest(draw()) == first


def assert_leaves_the_default_generator_alone(draw: Draw, device: torch.device) -> None:
    start = state(device)
    draw()
    assert state(device) == start


@claim("rand family", devices=("cpu", "cuda"))
def functions_that_make_random_tensors(device: torch.device) -> None:
    half = torch.full((64,), 0.5, device=device)
    g = torch.Generator(device).manual_seed(1)
    for draw in (
        lambda **k: torch.rand(64, device=device, **k),
        lambda **k: torch.randn(64, device=device, **k),
        lambda **k: torch.randint(9, (64,), device=device, **k),
        lambda **k: torch.randperm(64, device=device, **k),
        lambda **k: torch.normal(half, half, **k),
        lambda **k: torch.bernoulli(half, **k),
        half.bernoulli,
        lambda **k: torch.poisson(half * 9, **k),
        lambda **k: torch.binomial(half * 18, half, **k),
        lambda **k: torch.multinomial(half, 9, **k),
        lambda **k: half.multinomial(9, **k),
    ):
        assert_draws_from_the_default_generator(draw, device)
        assert_leaves_the_default_generator_alone(partial(draw, generator=g), device)
    for like in (torch.rand_like, torch.randn_like, lambda x: torch.randint_like(x, 9)):
        assert_draws_from_the_default_generator(partial(like, half), device)


@claim("in-place random fill", devices=("cpu", "cuda"))
def methods_that_fill_with_random_numbers(device: torch.device) -> None:
    g = torch.Generator(device).manual_seed(1)
    for name, args in (
        ("random_", (9,)),
        ("uniform_", ()),
        ("normal_", ()),
        ("bernoulli_", ()),
        ("cauchy_", ()),
        ("exponential_", ()),
        ("geometric_", (0.4,)),
        ("log_normal_", ()),
    ):

        def draw(
            generator: torch.Generator | None = None,
            *,
            name: str = name,
            args: tuple[float, ...] = args,
        ) -> torch.Tensor:
            filled: torch.Tensor = getattr(torch.zeros(64, device=device), name)(
                *args, generator=generator
            )
            return filled

        assert_draws_from_the_default_generator(draw, device)
        assert_leaves_the_default_generator_alone(partial(draw, g), device)


@claim("dropout", devices=("cpu", "cuda"))
def dropping_out_draws_while_training(device: torch.device) -> None:
    x = torch.ones(2, 3, 4, 5, 6, device=device)
    for function in (
        F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout,
        F.feature_alpha_dropout, F.rrelu,
    ):  # fmt: skip
        y = x[0, 0] if function is F.dropout1d else x[0] if function is F.dropout2d else x
        signed = y - 2 if function is F.rrelu else y
        assert_draws_from_the_default_generator(partial(function, signed, training=True), device)
        assert_leaves_the_default_generator_alone(partial(function, signed, training=False), device)
    for module in (
        nn.Dropout(), nn.Dropout1d(), nn.Dropout2d(), nn.Dropout3d(), nn.AlphaDropout(),
        nn.FeatureAlphaDropout(), nn.RReLU(),
    ):  # fmt: skip
        y = x[0, 0] if isinstance(module, nn.Dropout1d) else x[0]
        y = x if isinstance(module, nn.Dropout3d) else y
        y = y - 2 if isinstance(module, nn.RReLU) else y
        assert_draws_from_the_default_generator(partial(module, y), device)
        module.eval()
        assert_leaves_the_default_generator_alone(partial(module, y), device)
    assert_draws_from_the_default_generator(lambda: F.gumbel_softmax(x), device)


@claim("nn.init")
def initialisers_draw(device: torch.device) -> None:
    for name in (
        "kaiming_normal_", "kaiming_uniform_", "normal_", "orthogonal_", "trunc_normal_",
        "uniform_", "xavier_normal_", "xavier_uniform_",
    ):  # fmt: skip
        function = getattr(nn.init, name)
        assert_draws_from_the_default_generator(partial(function, torch.zeros(9, 7)), device)
        g = torch.Generator().manual_seed(1)
        assert_leaves_the_default_generator_alone(
            partial(function, torch.zeros(9, 7), generator=g), device
        )
    assert_draws_from_the_default_generator(lambda: nn.init.sparse_(torch.zeros(9, 7), 0.3), device)


def first_parameter(build: Callable[[], nn.Module]) -> torch.Tensor:
    return next(build().parameters())


@claim("ctor-time init")
def building_a_layer_draws_its_parameters(device: torch.device) -> None:
    for build in (
        lambda: nn.Linear(3, 4), lambda: nn.Bilinear(3, 4, 5), lambda: nn.Conv1d(3, 4, 2),
        lambda: nn.Conv2d(3, 4, 2), lambda: nn.Conv3d(3, 4, 2),
        lambda: nn.ConvTranspose2d(3, 4, 2), lambda: nn.Embedding(3, 4),
        lambda: nn.EmbeddingBag(3, 4), lambda: nn.RNN(3, 4), lambda: nn.LSTM(3, 4),
        lambda: nn.GRU(3, 4), lambda: nn.MultiheadAttention(4, 2),
        lambda: nn.Transformer(4, 2, 1, 1, 8, batch_first=True),
    ):  # fmt: skip
        assert_draws_from_the_default_generator(partial(first_parameter, build), device)


@claim("ctor-time init")
def some_layers_draw_late_or_never(device: torch.device) -> None:
    assert_leaves_the_default_generator_alone(lambda: nn.PReLU().weight, device)
    assert_leaves_the_default_generator_alone(lambda: (nn.LazyLinear(4), torch.zeros(1))[1], device)
    assert_draws_from_the_default_generator(lambda: nn.LazyLinear(4)(torch.ones(2, 3)), device)


def _distributions() -> list[distributions.Distribution]:
    one, pair = torch.ones(()), torch.ones(2)
    normal, simplex = distributions.Normal(0.0, 1.0), torch.tensor([0.3, 0.7])
    return [
        distributions.Bernoulli(0.5 * pair), distributions.Beta(one, one),
        distributions.Binomial(9, 0.5 * pair), distributions.Categorical(simplex),
        distributions.Cauchy(0.0, 1.0), distributions.Chi2(one),
        distributions.ContinuousBernoulli(0.4 * one), distributions.Dirichlet(pair),
        distributions.Exponential(one), distributions.FisherSnedecor(one, one),
        distributions.Gamma(one, one), distributions.Geometric(0.3 * one),
        distributions.Gumbel(0.0, 1.0), distributions.HalfCauchy(1.0),
        distributions.HalfNormal(1.0), distributions.InverseGamma(one, one),
        distributions.Independent(distributions.Normal(pair, pair), 1),
        distributions.Kumaraswamy(one, one), distributions.LKJCholesky(3),
        distributions.Laplace(0.0, 1.0), distributions.LogNormal(0.0, 1.0),
        distributions.LogisticNormal(pair, pair),
        distributions.LowRankMultivariateNormal(pair, torch.ones(2, 1), pair),
        distributions.MixtureSameFamily(
            distributions.Categorical(simplex), distributions.Normal(pair, pair)
        ),
        distributions.Multinomial(9, simplex),
        distributions.MultivariateNormal(pair, torch.eye(2)),
        distributions.NegativeBinomial(9, 0.5 * one), normal,
        distributions.OneHotCategorical(simplex),
        distributions.OneHotCategoricalStraightThrough(simplex), distributions.Pareto(one, one),
        distributions.Poisson(9 * pair), distributions.RelaxedBernoulli(one, 0.5 * pair),
        distributions.RelaxedOneHotCategorical(one, simplex), distributions.StudentT(9.0),
        distributions.TransformedDistribution(normal, [distributions.ExpTransform()]),
        distributions.Uniform(0.0, 1.0), distributions.VonMises(one, one),
        distributions.Weibull(one, one), distributions.Wishart(3 * one, torch.eye(2)),
        distributions.GeneralizedPareto(0.0, 1.0, 0.5),
    ]  # fmt: skip


@claim("distributions sampling")
def every_distribution_draws_from_the_default_generator(device: torch.device) -> None:
    for each in _distributions():
        assert_draws_from_the_default_generator(partial(each.sample, (3,)), device)
    assert_draws_from_the_default_generator(
        lambda: distributions.Normal(0.0, 1.0).rsample(), device
    )
    with pytest.raises(TypeError, match="generator"):
        distributions.Normal(0.0, 1.0).sample((3,), generator=torch.Generator())  # type: ignore[call-arg]  # that there is none is the point


@claim("randomised linalg")
def randomised_algorithms_draw(device: torch.device) -> None:
    matrix = torch.arange(120.0).reshape(12, 10).sin()
    assert_draws_from_the_default_generator(lambda: torch.svd_lowrank(matrix, 3)[1], device)
    assert_draws_from_the_default_generator(lambda: torch.pca_lowrank(matrix, 3)[1], device)
    assert_draws_from_the_default_generator(
        lambda: torch.lobpcg(matrix @ matrix.mT + torch.eye(12), k=1)[0], device
    )


@claim("spectral_norm")
def wrapping_a_layer_draws(device: torch.device) -> None:
    for wrap in (
        nn.utils.spectral_norm,
        nn.utils.parametrizations.spectral_norm,
        lambda layer: prune.random_unstructured(layer, "weight", 0.5),
        lambda layer: prune.random_structured(layer, "weight", 0.5, dim=0),
    ):
        layer = nn.Linear(9, 7)
        start = state(device)
        wrap(layer)
        assert state(device) != start


@claim("spectral_norm")
def orthogonal_parametrisation_draws_where_the_weight_is_not_square(device: torch.device) -> None:
    layer = nn.Linear(9, 7)
    start = state(device)
    nn.utils.parametrizations.orthogonal(layer)
    assert state(device) != start or layer.weight.shape == (7, 9)


@claim("entropy seeding")
def seed_takes_another_value_each_time(device: torch.device) -> None:
    seen = {torch.seed(), torch.seed(), torch.random.seed(), torch.Generator().seed()}
    assert len(seen) == 4
    assert torch.initial_seed() in seen


@claim("no seed at all")
def the_default_generator_knows_its_seed(device: torch.device) -> None:
    torch.manual_seed(5)
    assert torch.initial_seed() == torch.random.initial_seed() == 5
    assert torch.default_generator.initial_seed() == 5


@claim("Generator without manual_seed")
def unseeded_generators_share_one_stream(device: torch.device) -> None:
    first, second = torch.Generator(), torch.Generator()
    assert first.initial_seed() == second.initial_seed() == 67280421310721
    assert torch.equal(torch.rand(9, generator=first), torch.rand(9, generator=second))


@claim("manual_seed")
def manual_seed_leaves_other_libraries_alone(device: torch.device) -> None:
    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.rand()
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(9)
    assert (random.random(), np.random.rand()) == expected
    assert torch.manual_seed(3.9).initial_seed() == 3


@claim("manual_seed", devices=("cuda",))
def manual_seed_reaches_the_device(device: torch.device) -> None:
    torch.manual_seed(3)
    first = torch.rand(9, device=device)
    torch.manual_seed(3)
    assert torch.equal(first, torch.rand(9, device=device))


@claim("device-only seeding")
def seeding_a_device_that_is_not_there_does_nothing(device: torch.device) -> None:
    start = state(device)
    torch.cuda.manual_seed(1)
    torch.cuda.manual_seed_all(1)
    torch.xpu.manual_seed(1)
    torch.xpu.manual_seed_all(1)
    assert state(device) == start


@claim("device-only seeding", devices=("cuda",))
def seeding_the_device_leaves_the_cpu_alone(device: torch.device) -> None:
    start = torch.get_rng_state()
    torch.cuda.manual_seed(1)
    first = torch.rand(9, device=device)
    torch.cuda.manual_seed(1)
    assert torch.equal(first, torch.rand(9, device=device))
    assert torch.equal(start, torch.get_rng_state())


@claim("rng state juggling")
def states_are_saved_one_generator_at_a_time(device: torch.device) -> None:
    random.seed(0)
    with torch.random.fork_rng(devices=[]):
        torch.rand(5)
        inside = random.random()
    assert inside != random.random()  # Python's generator went on
    torch.manual_seed(0)
    saved = torch.get_rng_state()
    first = torch.rand(3)
    torch.set_rng_state(saved)
    assert torch.equal(first, torch.rand(3))
    g = torch.Generator().manual_seed(1)
    held = g.get_state()
    drawn = torch.rand(3, generator=g)
    g.set_state(held)
    assert torch.equal(drawn, torch.rand(3, generator=g))


@claim("default generator shared by threads")
def threads_draw_from_one_generator(device: torch.device) -> None:
    torch.manual_seed(0)
    torch.rand(1)
    expected = torch.rand(1).item()
    drawn: list[float] = []
    torch.manual_seed(0)
    thread = threading.Thread(target=lambda: torch.rand(1))
    thread.start()
    thread.join()
    drawn.append(torch.rand(1).item())
    assert drawn == [expected]


@claim("vmap randomness")
def vmap_asks_what_random_numbers_shall_be(device: torch.device) -> None:
    def add_noise(x: torch.Tensor) -> torch.Tensor:
        return x + torch.rand(())

    zeros = torch.zeros(3)
    for vmap in (torch.vmap, torch.func.vmap):
        with pytest.raises(RuntimeError, match="random"):
            vmap(add_noise)(zeros)
        assert len(set(vmap(add_noise, randomness="different")(zeros).tolist())) == 3
        assert len(set(vmap(add_noise, randomness="same")(zeros).tolist())) == 1


@claim("checkpoint rng")
def recomputing_without_the_state_drops_out_differently(device: torch.device) -> None:
    def gradients_fit(preserve: bool) -> bool:
        torch.manual_seed(0)
        x = torch.ones(256, requires_grad=True)
        result = checkpoint(
            lambda y: F.dropout(y, 0.5) * y, x, use_reentrant=False, preserve_rng_state=preserve
        )
        assert isinstance(result, torch.Tensor)
        torch.rand(7)  # something else draws between forward and backward
        result.sum().backward()
        assert x.grad is not None
        return torch.equal(result != 0, x.grad != 0)

    assert gradients_fit(preserve=True)
    assert not gradients_fit(preserve=False)


@claim("random module global")
def functions_of_the_random_module_draw_from_one_generator(device: torch.device) -> None:
    for draw in (
        random.random, lambda: random.randint(0, 9), lambda: random.randrange(9),
        lambda: random.choice("abc"), lambda: random.choices("abc"),
        lambda: random.sample("abc", 2), lambda: random.shuffle([1, 2, 3]),
        lambda: random.uniform(0, 1), lambda: random.gauss(0, 1),
        lambda: random.normalvariate(0, 1), lambda: random.betavariate(1, 1),
        lambda: random.expovariate(1), random.triangular, lambda: random.getrandbits(8),
        lambda: random.randbytes(8), lambda: random.vonmisesvariate(0, 1),
        lambda: random.paretovariate(1), lambda: random.weibullvariate(1, 1),
        lambda: random.gammavariate(1, 1), lambda: random.lognormvariate(0, 1),
    ):  # fmt: skip
        random.seed(4)
        start = random.getstate()
        first = draw()
        assert random.getstate() != start
        random.seed(4)
        assert draw() == first
    own = random.Random(4)
    start = random.getstate()
    own.random()
    assert random.getstate() == start


@claim("random.seed without argument", "random.Random without argument")
def seeding_with_nothing_takes_entropy(device: torch.device) -> None:
    drawn = set()
    for _ in range(3):
        random.seed()
        drawn.add(random.random())
        random.seed(None)
        drawn.add(random.random())
    assert len(drawn) == 6
    assert random.Random().random() != random.Random().random()
    assert random.Random("name").random() == random.Random("name").random()


@claim("numpy legacy global")
def functions_of_numpy_random_draw_from_one_generator(device: torch.device) -> None:
    for draw in (
        np.random.rand,
        np.random.randn,
        lambda: np.random.randint(99),
        np.random.random,
        np.random.random_sample,
        np.random.ranf,
        np.random.sample,
        lambda: np.random.choice(99),
        lambda: np.random.permutation(20),
        np.random.normal,
        np.random.uniform,
        np.random.standard_normal,
        lambda: np.random.binomial(99, 0.5),
        lambda: np.random.poisson(99),
        lambda: np.random.beta(1, 1),
        lambda: np.random.gamma(1),
        np.random.exponential,
        np.random.laplace,
        np.random.logistic,
        np.random.lognormal,
        lambda: np.random.multinomial(9, [0.5, 0.5]),
        lambda: np.random.multivariate_normal([0, 0], [[1, 0], [0, 1]]),
        lambda: np.random.dirichlet([1, 1]),
        lambda: np.random.bytes(9),
        lambda: np.random.shuffle([1, 2, 3]),
    ):
        np.random.seed(4)
        first = np.asarray(draw()).tolist()
        here = np.random.get_state(legacy=False)["state"]["pos"]
        np.random.seed(4)
        assert np.random.get_state(legacy=False)["state"]["pos"] != here
        assert np.asarray(draw()).tolist() == first


@claim("numpy unseeded generators", "numpy.random.Generator", "numpy.random.seed")
def numpy_generators_without_a_seed_take_entropy(device: torch.device) -> None:
    for build in (
        np.random.default_rng,
        np.random.RandomState,
        lambda: np.random.default_rng(None),
        lambda: np.random.default_rng(np.random.SeedSequence()),
        lambda: np.random.Generator(np.random.PCG64()),
        lambda: np.random.Generator(np.random.PCG64DXSM()),
        lambda: np.random.Generator(np.random.MT19937()),
        lambda: np.random.Generator(np.random.Philox()),
        lambda: np.random.Generator(np.random.SFC64()),
    ):
        np.random.seed(0)
        first = build().random(4).tolist()
        np.random.seed(0)
        assert build().random(4).tolist() != first
    assert np.random.default_rng(5).random() == np.random.default_rng(5).random()


@claim("numpy.random.SeedSequence")
def seed_sequences_without_a_seed_take_entropy(device: torch.device) -> None:
    sequence = np.random.SeedSequence
    assert sequence().entropy != sequence().entropy
    assert sequence(None).entropy != sequence(None).entropy
    first, second = (sequence(5).generate_state(4).tolist() for _ in range(2))
    assert first == second


@claim("numpy.random.seed")
def seeding_numpy_with_none_takes_entropy(device: torch.device) -> None:
    drawn = set()
    for _ in range(3):
        np.random.seed(None)
        drawn.add(float(np.random.rand()))
    assert len(drawn) == 3


@claim("numpy.random.set_state")
def the_global_state_of_numpy_says_nothing_of_generators(device: torch.device) -> None:
    held = np.random.get_state()
    first = np.random.default_rng().random()
    np.random.set_state(held)
    assert np.random.default_rng().random() != first
