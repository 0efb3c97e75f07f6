"""Bounds on optimistic sample sizes, and the strata of target sets."""
