"""From a finished run to one ONNX file that recognises as it did, and a card about it."""
