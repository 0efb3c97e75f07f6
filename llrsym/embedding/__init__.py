"""Embeddings of narrow networks into wide ones, as parameter maps with certificates."""
