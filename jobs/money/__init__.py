"""What AWS charges and allows: prices, free tiers, quotas, each with the source of its numbers.

Rule: amounts are Decimal and exact; only `jobs.words` rounds, when it prints.
"""
