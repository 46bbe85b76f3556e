"""One module per publisher's format; each gives a noun and the audit of what was read."""
