"""What is different between two jobs: items, findings, models.

Rule: only what both jobs have an answer on is compared; what one of them was not asked or not answered is no change.
"""
