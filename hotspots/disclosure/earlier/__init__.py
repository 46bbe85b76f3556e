"""What earlier runs published: the ledger of releases, and a private file that tells whether records have changed."""

from hotspots.disclosure.earlier.memory import Memory, open_memory

__all__ = ["Memory", "open_memory"]
