"""The briefing pack: pages in order as one PDF."""

from hotspots.publish.briefing.pdf import Page, write_briefing

__all__ = ["Page", "write_briefing"]
