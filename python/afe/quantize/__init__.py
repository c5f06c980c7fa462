"""From a float network to a quantized one: onnxruntime runs it and writes the integers.

Read the files in this order: `net` (a float ONNX model with static shapes), `samples` (calibration
data, checked), `selection` (which tensors become integers), `statistics` and `ranges` (what values
they take, and the range that follows), `equalization` and `bias` (better weights and biases),
`qdq` (QuantizeLinear and DequantizeLinear written), `quantizer` (all of it). `config` says what a
user can ask for.
"""
