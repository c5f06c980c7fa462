"""The digits of scikit-learn (1,797 images of 8x8, 16 grey levels), split the same way everywhere.

Every fourth image is a test image, the others are training images: no file, no random number, and
both halves see all writers (the data set is ordered by writer).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

TEST_STRIDE = 4
"""One image in so many is held out for the test."""


class Split(NamedTuple):
    """Images f32 [n, 1, 8, 8] in 0..1 and their classes i64 [n]."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]


def load_split() -> tuple[Split, Split]:
    """Return the training split (1,348 images) and the test split (449 images)."""
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[:, None]
    labels = digits.target.astype(np.int64)
    held_out = np.arange(len(labels)) % TEST_STRIDE == TEST_STRIDE - 1
    return Split(images[~held_out], labels[~held_out]), Split(images[held_out], labels[held_out])


def accuracy(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """The fraction of rows of `logits` [n, 10] whose largest entry stands at the label."""
    return float((logits.argmax(axis=1) == labels).mean())
