"""The numbers: types and arrays in, types and arrays out; no file, no picture.

Each sub-package answers one kind of question, and others import it through its `__init__` only.
"""
