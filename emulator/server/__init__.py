"""The HTTP side: connections, AWS's JSON protocol, signatures, and faults, quotas and latencies on request.

Rule: nothing here looks at a picture; an engine answers.
"""
