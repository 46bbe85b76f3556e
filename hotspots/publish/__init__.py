"""What people open: types in, files out; no statistic is computed here."""
