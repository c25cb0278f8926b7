"""A decoder of its own for small language models on a processor: 8 bits a weight, ONNX Runtime."""
