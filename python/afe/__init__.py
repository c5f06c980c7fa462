"""Compiles quantized neural networks for the MLA and the Cortex-A65; see afe.apis.model."""
