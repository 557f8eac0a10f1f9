"""Samples: a job over images drawn from a source by chance, and what their answers say of all of them."""
