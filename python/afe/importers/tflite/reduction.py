"""MEAN, SUM, REDUCE_MAX, REDUCE_MIN, ARG_MAX."""

from __future__ import annotations

import tflite

from afe.importers.builder import Tensor
from afe.importers.tflite.node import Node
from afe.importers.tflite.registry import operator
