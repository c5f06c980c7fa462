"""Layer-by-layer comparison of a compiled network with a reference implementation.

`afe verify MODEL`: the model is compiled with every layer's result as an output, the archive is
run, and each layer is compared with what the reference computed for it.
"""
