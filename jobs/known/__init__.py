"""What is known already: answers of earlier jobs of a home, and duplicates inside one job.

The reasons are in docs/adr/0004-pay-once.md.

Rule: an answer is known by (content, call): what the picture is, and the API with its exact parameters. The index is
derived from result parts: delete `<home>/known/` at will, the next job builds it again.

    <home>/known/<time>-<id>.parquet        a segment: (content, call) -> where the answer stands; sorted by content
    <job>/duplicates/part-00000.parquet     items of manifest part 0 that may have a duplicate in the job
"""
