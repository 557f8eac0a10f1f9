"""The catalogue's rows of stored video, one file each: priced, and not to be scanned with yet."""
