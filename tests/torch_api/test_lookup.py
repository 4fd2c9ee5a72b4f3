from __future__ import annotations

import pytest

from tests.rows import every_row
from torchdet.torch_api.lookup import UnknownOperationError, find_operations, known_names
from torchdet.torch_api.operations import operations


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("torch.Tensor.index_add_", "index_add"),
        ("index_add_", "index_add"),
        ("Tensor.index_add_", "index_add"),
        ("F.interpolate", "interpolate bicubic"),
        ("nn.functional.interpolate", "interpolate bicubic"),
        ("functional.interpolate", "interpolate bicubic"),
        ("nn.AdaptiveAvgPool2d", "adaptive_avg_pool2d"),
        ("adaptiveavgpool2d", "adaptive_avg_pool2d"),
        ("embedding backward", "embedding backward"),
        ("Embedding Backward", "embedding backward"),
        ("cumsum", "cumsum compiled"),
        ("np.random.default_rng", "numpy unseeded generators"),
        ("CUBLAS_WORKSPACE_CONFIG", "CUBLAS_WORKSPACE_CONFIG"),
        ("dist.recv", "any-source receive"),
        (" torch.median ", "median with dim"),
    ],
)
def test_any_spelling_leads_to_the_row(asked: str, expected: str) -> None:
    assert expected in [operation.name for operation in find_operations(asked)]


@every_row(known_names())
def test_everything_that_is_suggested_is_found(name: str) -> None:
    assert find_operations(name)


def test_rows_come_in_the_order_of_the_catalogue() -> None:
    order = list(operations())
    found = [order.index(operation.name) for operation in find_operations("torch.mm")]
    assert found == sorted(found)
    assert len(found) > 1


@pytest.mark.parametrize(
    ("asked", "suggested"), [("index_ad", "index_add"), ("F.interpolat", "interpolate")]
)
def test_what_is_unknown_is_answered_with_what_is_near(asked: str, suggested: str) -> None:
    with pytest.raises(UnknownOperationError) as error:
        find_operations(asked)
    assert f"did you mean {suggested!r}?" in str(error.value)


def test_parts_of_words_are_not_enough() -> None:
    with pytest.raises(UnknownOperationError):
        find_operations("index_a")
