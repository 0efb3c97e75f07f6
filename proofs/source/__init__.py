"""What ``proofs.build`` writes: the statements, the instances and their pages."""
