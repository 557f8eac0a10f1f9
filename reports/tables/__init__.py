"""Result parts become one row per finding: Parquet, CSV and their dictionary.

Rule: one pass, bounded memory; what stands in a table depends on the parts alone.
"""
