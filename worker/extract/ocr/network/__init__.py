"""A neural network that reads lines (PP-OCRv6 small), run by OpenVINO or onnxruntime (the extra `neural`)."""
