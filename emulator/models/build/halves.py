"""Store the large weights of an ONNX model as 16-bit floats, cast back when it is loaded: half the file.

python -m emulator.models.build.halves MODEL.onnx OUT.onnx
"""

from __future__ import annotations

import sys

import numpy as np
import onnx  # type: ignore[import-not-found,unused-ignore]
from onnx import TensorProto, helper, numpy_helper  # type: ignore[import-not-found,unused-ignore]

from emulator.models.build.graph import SMALL


def main(source: str, target: str) -> None:
    model = onnx.load(source)
    graph = model.graph
    constants, casts = [], []
    for constant in graph.initializer:
        array = numpy_helper.to_array(constant)
        if array.dtype == np.float32 and array.size > SMALL:
            constants.append(numpy_helper.from_array(array.astype(np.float16), f"{constant.name}_h"))
            casts.append(helper.make_node("Cast", [f"{constant.name}_h"], [constant.name], to=TensorProto.FLOAT))
        else:
            constants.append(numpy_helper.from_array(array, constant.name))
    nodes = list(graph.node)
    inputs = [value for value in graph.input if value.name not in {cast.output[0] for cast in casts}]
    del graph.initializer[:], graph.node[:], graph.input[:]
    graph.initializer.extend(constants)
    graph.node.extend(casts + nodes)
    graph.input.extend(inputs)
    onnx.save(model, target)


if __name__ == "__main__":
    main(*sys.argv[1:3])
