"""The face nets of the npm package @vladmandic/face-api: vectors, mood, 68 points, age and gender.

    python -m emulator.models.build.faceapi PACKAGE/model OUTDIR

Weights are 8-bit in the package and stay so in the files; they are expanded when a model is loaded.
All nets take RGB squares, 0 to 255, channels last.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto  # type: ignore[import-not-found,unused-ignore]

from emulator.models.build.graph import SMALL, Array, Graph

_MEAN = np.array([122.782, 117.001, 104.298], "f4").reshape(1, 3, 1, 1)
_CONVOLUTION, _DEPTHWISE = (3, 2, 0, 1), (2, 3, 0, 1)  # to ONNX's order of axes


class Net(Graph):
    """A graph with the weights of one manifest."""

    def __init__(self, manifest: Path, side: int) -> None:
        super().__init__()
        self.side = side
        self.weights: dict[str, tuple[Array, dict[str, Any] | None]] = {}
        (document,) = json.loads(manifest.read_text())
        data, place = b"".join((manifest.parent / path).read_bytes() for path in document["paths"]), 0
        for weight in document["weights"]:
            packing = weight.get("quantization")
            kind = np.dtype(packing["dtype"] if packing else weight["dtype"])
            count = int(np.prod(weight["shape"])) if weight["shape"] else 1
            values = np.frombuffer(data, kind, count, place).reshape(weight["shape"])
            self.weights[weight["name"]] = (values, packing)
            place += count * kind.itemsize
        if place != len(data):
            raise SystemExit(f"{manifest}: {len(data)} bytes of weights, {place} described")

    def floats(self, name: str) -> Array:
        values, packing = self.weights[name]
        return values.astype("f4") * packing["scale"] + packing["min"] if packing else values.astype("f4")

    def weight(self, name: str, axes: tuple[int, ...] | None = None) -> str:
        """A constant; large ones stay 8-bit, with the nodes that expand them."""
        values, packing = self.weights[name]
        if axes:
            values = values.transpose(axes)
        if not packing or values.size < SMALL:
            plain = values.astype("f4")
            return self.constant((plain * packing["scale"] + packing["min"]).astype("f4") if packing else plain)
        x = self.op("Cast", [self.constant(values)], to=TensorProto.FLOAT)
        x = self.op("Mul", [x, self.constant(np.array(packing["scale"], "f4"))])
        return self.op("Add", [x, self.constant(np.array(packing["min"], "f4"))])

    def start(self) -> str:
        x = self.op("Transpose", ["input"], perm=[0, 3, 1, 2])
        x = self.op("Sub", [x, self.constant(_MEAN)])
        return self.op("Div", [x, self.constant(np.array(255.0, "f4"))])

    def convolve(
        self, x: str, kernel: str, bias: str, stride: int = 1, pad: str = "SAME_UPPER", groups: int = 1
    ) -> str:
        return self.op("Conv", [x, kernel, bias], strides=[stride, stride], auto_pad=pad, group=groups)

    def separable(self, x: str, name: str, stride: int = 1) -> str:
        channels = self.weights[f"{name}/depthwise_filter"][0].shape[2]
        kernel = self.weight(f"{name}/depthwise_filter", _DEPTHWISE)
        x = self.convolve(x, kernel, self.constant(np.zeros(channels, "f4")), stride, groups=channels)
        kernel = self.weight(f"{name}/pointwise_filter", _CONVOLUTION)
        return self.convolve(x, kernel, self.constant(self.floats(f"{name}/bias")))

    def finish(self, path: Path, outputs: dict[str, str]) -> None:
        for name, source in outputs.items():
            self.output("Identity", source, name)
        shape = ["N", self.side, self.side, 3]
        self.save(str(path), "m", {"input": shape}, {name: ["N", "M"] for name in outputs})


def vectors(net: Net, path: Path) -> None:
    """128 numbers a face: dlib's ResNet."""

    def layer(x: str, name: str, stride: int = 1, relu: bool = True, pad: str = "SAME_UPPER") -> str:
        scale = net.floats(f"{name}/scale/weights")
        bias = net.floats(f"{name}/conv/bias") * scale + net.floats(f"{name}/scale/biases")
        kernel = net.weight(f"{name}/conv/filters", _CONVOLUTION)
        y = net.convolve(x, kernel, net.constant(np.zeros(len(scale), "f4")), stride, pad)
        scaled = net.op("Mul", [y, net.constant(scale.reshape(1, -1, 1, 1))])
        y = net.op("Add", [scaled, net.constant(bias.reshape(1, -1, 1, 1).astype("f4"))])
        return net.op("Relu", [y]) if relu else y

    def residual(x: str, name: str) -> str:
        y = layer(layer(x, f"{name}/conv1"), f"{name}/conv2", relu=False)
        return net.op("Relu", [net.op("Add", [y, x])])

    def down(x: str, name: str, out: int, channels: int, side: int) -> tuple[str, int]:
        """Half the side, more channels; what does not fit is filled with zeros, as dlib does."""
        y = layer(layer(x, f"{name}/conv1", 2, True, "VALID"), f"{name}/conv2", relu=False)
        pooled = net.op("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
        convolved_side, pooled_side = (side - 3) // 2 + 1, (side - 2) // 2 + 1
        if pooled_side != convolved_side:
            gap = pooled_side - convolved_side
            y = net.op("Pad", [y, net.constant(np.array([0, 0, 0, 0, 0, 0, gap, gap], "i8"))])
        if out != channels:
            extra = np.array([0, 0, 0, 0, 0, out - channels, 0, 0], "i8")
            pooled = net.op("Pad", [pooled, net.constant(extra)])
        return net.op("Relu", [net.op("Add", [pooled, y])]), pooled_side

    x = layer(net.start(), "conv32_down", 2, True, "VALID")
    x = net.op("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2])
    side, channels = 35, 32
    for number in (1, 2, 3):
        x = residual(x, f"conv32_{number}")
    for out, blocks in ((64, 3), (128, 2), (256, 2)):
        x, side = down(x, f"conv{out}_down", out, channels, side)
        channels = out
        for number in range(1, blocks + 1):
            x = residual(x, f"conv{out}_{number}")
    x, _ = down(x, "conv256_down_out", 256, 256, side)
    x = net.op("Flatten", [net.op("GlobalAveragePool", [x])])
    net.finish(path, {"embedding": net.op("MatMul", [x, net.weight("fc")])})


def dense(net: Net, path: Path, name: str) -> None:
    """Mood and 68 points: the same dense blocks under another last layer."""
    x = net.start()
    for number in range(4):
        block = f"dense{number}"
        if number == 0:
            kernel = net.weight(f"{block}/conv0/filters", _CONVOLUTION)
            first = net.convolve(x, kernel, net.constant(net.floats(f"{block}/conv0/bias")), 2)
        else:
            first = net.separable(x, f"{block}/conv0", 2)
        first = net.op("Relu", [first])
        total = net.op("Add", [first, net.separable(first, f"{block}/conv1")])
        third = net.separable(net.op("Relu", [total]), f"{block}/conv2")
        total = net.op("Add", [total, third])
        fourth = net.separable(net.op("Relu", [total]), f"{block}/conv3")
        x = net.op("Relu", [net.op("Add", [total, fourth])])
    x = net.op("Flatten", [net.op("AveragePool", [x], kernel_shape=[7, 7], strides=[2, 2])])
    x = net.op("Gemm", [x, net.weight("fc/weights"), net.constant(net.floats("fc/bias"))])
    net.finish(path, {name: net.op("Softmax", [x], axis=-1) if name == "expr" else x})


def age_gender(net: Net, path: Path) -> None:
    """A small Xception."""

    def convolve(x: str, name: str, stride: int) -> str:
        kernel = net.weight(f"{name}/filters", _CONVOLUTION)
        return net.convolve(x, kernel, net.constant(net.floats(f"{name}/bias")), stride)

    def reduce(x: str, name: str, relu: bool = True) -> str:
        y = net.separable(net.op("Relu", [x]) if relu else x, f"{name}/separable_conv0")
        y = net.separable(net.op("Relu", [y]), f"{name}/separable_conv1")
        pooled = net.op("MaxPool", [y], kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER")
        return net.op("Add", [pooled, convolve(x, f"{name}/expansion_conv", 2)])

    def last(x: str, name: str) -> str:
        return net.op("Gemm", [x, net.weight(f"fc/{name}/weights"), net.constant(net.floats(f"fc/{name}/bias"))])

    x = net.op("Relu", [convolve(net.start(), "entry_flow/conv_in", 2)])
    x = reduce(x, "entry_flow/reduction_block_0", False)
    x = reduce(x, "entry_flow/reduction_block_1")
    number = 0
    while f"middle_flow/main_block_{number}/separable_conv0/bias" in net.weights:
        y = x
        for part in range(3):
            y = net.separable(net.op("Relu", [y]), f"middle_flow/main_block_{number}/separable_conv{part}")
        x = net.op("Add", [y, x])
        number += 1
    x = reduce(x, "exit_flow/reduction_block")
    x = net.op("Relu", [net.separable(x, "exit_flow/separable_conv")])
    x = net.op("Flatten", [net.op("AveragePool", [x], kernel_shape=[7, 7], strides=[2, 2])])
    age = last(x, "age")
    net.finish(path, {"age": age, "gender": net.op("Softmax", [last(x, "gender")], axis=-1)})


def main(source: Path, target: Path) -> None:
    def net(name: str, side: int) -> Net:
        return Net(source / f"{name}-weights_manifest.json", side)

    vectors(net("face_recognition_model", 150), target / "faceapi_embed.onnx")
    dense(net("face_expression_model", 112), target / "faceapi_expr.onnx", "expr")
    dense(net("face_landmark_68_model", 112), target / "faceapi_lm68.onnx", "lm68")
    age_gender(net("age_gender_model", 112), target / "faceapi_agegender.onnx")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
