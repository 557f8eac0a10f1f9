"""The open models, one class each: load, preprocess, infer, postprocess. Where each comes from: `catalogue.py`.

Only the model processes import these modules; every class takes upright 8-bit BGR pictures and gives plain values.
"""
