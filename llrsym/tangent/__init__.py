"""Tangent functions, model ranks, relations and independence: search for proofs that the kernel checks."""
