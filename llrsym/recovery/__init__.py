"""Real data: guarantees of given samples, sample design, condensation, recovery experiments."""
