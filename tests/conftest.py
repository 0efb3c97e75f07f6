"""Settings of the whole test suite: property tests are the same on every run and have no deadline."""

from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("repeatable")
