"""MLIR's core IR for Python, in the shape of MLIR's own bindings.

The classes are native (see python/bindings); importing this module also makes the builders known
with which the generated dialect modules accept plain Python values for attributes.
"""

from __future__ import annotations

from afe._attribute_builders import register_attribute_builder as register_attribute_builder
from afe._mlir.ir import *
from afe._mlir.ir import _OperationBase as _OperationBase
from afe._mlir_error import MLIRError as MLIRError
