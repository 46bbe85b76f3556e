"""The public names by the question they answer: one module for each topic.

A topic names everything that its question needs, also what is at the top of `hotspots` because most studies use it, and
the types that its functions return. Read one as `hotspots.schools`, `hotspots.surfaces` and so on.
"""
