"""The `ortq` oracle belongs to `afe verify`; tests reach it here beside the other oracles."""

from afe.verify.ortq import MICROSOFT, Oracle, kernels_are_exact, quantized_kernels

__all__ = ["MICROSOFT", "Oracle", "kernels_are_exact", "quantized_kernels"]
