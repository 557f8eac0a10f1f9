"""Custom Labels: which model versions there are, and which of them run."""
