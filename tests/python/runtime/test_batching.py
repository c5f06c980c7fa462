"""Arrays cut into groups of the archive's batch, whatever their first dimensions are."""

from __future__ import annotations

import numpy as np
import pytest
from afe.errors import AfeError
from afe.package.network import TensorType
from afe.runtime.batching import make_batches
from afe.runtime.schema import InputNode


def nodes(*shapes: tuple[int, ...]) -> list[InputNode]:
    """int8 inputs of these shapes."""
    return [
        InputNode(f"in{index}", TensorType("int8", shape), "int8")
        for index, shape in enumerate(shapes)
    ]


def test_images_fill_groups_and_padding_is_dropped() -> None:
    """Five images in groups of two: the last one repeats, and what comes of it goes."""
    images = np.arange(5 * 3, dtype=np.int8).reshape(5, 3)
    batches = make_batches([images], nodes((2, 3)))
    assert [group[0].tolist() for group in batches.groups[:2]] == [
        images[:2].tolist(),
        images[2:4].tolist(),
    ]
    joined = batches.join([[group[0]] for group in batches.groups])
    assert np.array_equal(joined[0], images)


def test_inputs_of_different_first_dimensions() -> None:
    """Every group takes its own share of each; a scalar goes to all of them."""
    a = np.arange(2 * 3, dtype=np.int8).reshape(2, 3)
    b = np.arange(10 * 2, dtype=np.int8).reshape(10, 2)
    c = np.array(7, np.int8)
    batches = make_batches([a, b, c], nodes((1, 3), (5, 2), ()))
    assert len(batches.groups) == 2
    first, second = batches.groups
    assert np.array_equal(first[0], a[:1]) and np.array_equal(second[1], b[5:])
    assert first[2] == second[2] == 7
    (joined,) = batches.join([[group[1]] for group in batches.groups])
    assert np.array_equal(joined, b)


@pytest.mark.parametrize("sizes", [(1, 4), (2, 5), (1, 10)])
def test_shares_that_do_not_fit(sizes: tuple[int, int]) -> None:
    """Each input must hold the same multiple of its own first dimension."""
    arrays = [np.zeros((sizes[0], 3), np.int8), np.zeros((sizes[1], 2), np.int8)]
    with pytest.raises(AfeError, match="first dimensions"):
        make_batches(arrays, nodes((1, 3), (5, 2)))
