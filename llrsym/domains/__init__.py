"""Exact and approximate number domains in which Jacobians are evaluated."""
