"""The one place that goes round botocore, for the calls a scan makes by the million.

Rule: botocore signs, names endpoints and finds credentials; only serializing, sending and parsing is done here.
"""
