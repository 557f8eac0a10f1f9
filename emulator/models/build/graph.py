"""Writing ONNX graphs node by node: what the converters beside this file share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx  # type: ignore[import-not-found,unused-ignore]
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper  # type: ignore[import-not-found,unused-ignore]

Array = NDArray[Any]
OPSET, IR_VERSION = 13, 8
SMALL = 256  # constants of up to so many values are stored as they are


class Graph:
    """Nodes and constants in the order they were added; names count up, so the same calls write the same file."""

    def __init__(self, halves: bool = False) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Array] = {}
        self.count = 0
        self.halves = halves

    def name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def constant(self, values: Array) -> str:
        """With `halves`, large ones are stored as 16-bit floats and cast when the model is loaded."""
        name = self.name("c")
        array = np.ascontiguousarray(values)
        if self.halves and array.dtype == np.float32 and array.size > SMALL:
            self.constants[f"{name}h"] = array.astype(np.float16)
            self.nodes.append(helper.make_node("Cast", [f"{name}h"], [name], to=TensorProto.FLOAT))
        else:
            self.constants[name] = array
        return name

    def op(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        output = self.name(kind)
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def output(self, kind: str, source: str, name: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(kind, [source], [name], **attributes))

    def split(self, inputs: list[str], outputs: list[str], axis: int) -> None:
        self.nodes.append(helper.make_node("Split", inputs, outputs, axis=axis))

    def save(self, path: str, title: str, inputs: Mapping[str, list[Any]], outputs: Mapping[str, list[Any]]) -> None:
        def value(name: str, shape: list[Any]) -> Any:
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        graph = helper.make_graph(
            self.nodes,
            title,
            [value(name, shape) for name, shape in inputs.items()],
            [value(name, shape) for name, shape in outputs.items()],
            [numpy_helper.from_array(np.asarray(array), name) for name, array in self.constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        onnx.save(model, path)
