"""An offline endpoint that speaks Amazon Rekognition's wire protocol and answers with open models.

Stands alone: it imports nothing of the rest of this repository and is reached over HTTP only.
"""
