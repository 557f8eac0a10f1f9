"""Faces after the models have seen them: how alike two are, which are good enough, and where they are kept.

Rule: thresholds and Rekognition's way of writing a face stand here once, for every operation.
"""
