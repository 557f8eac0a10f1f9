"""What answers a checked request: the models in their processes, or recordings.

Rule: an engine raises AwsError or answers; it knows nothing of HTTP.
"""
