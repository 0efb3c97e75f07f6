"""The trusted core: standard library only, and nothing from the rest of the package.

A claim says what is proved, a certificate how; ``check`` recomputes everything from the two and returns
the statement or raises. Believe this package and the theorems of docs/theory, and nothing else.
"""
