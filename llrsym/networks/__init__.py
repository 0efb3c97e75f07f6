"""Networks, each written once as a program: builders, text form, exact weights and importers."""
