"""Rebuilding `data/` from published packages: `build_models.sh`. It needs numpy and onnx."""
