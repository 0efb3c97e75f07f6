"""The proofs folder: its claims and certificates are data, its Python builds and describes them."""
