"""Formulas for model ranks: exact values over a grid of sizes, the simplest formula, and tests of it."""
