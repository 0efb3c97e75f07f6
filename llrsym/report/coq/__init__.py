"""Model ranks of small networks as Coq files that need nothing of this package.

Invariants: what a file claims is checked by coqc, so that nothing here is trusted; a search without success
writes no file.
"""
