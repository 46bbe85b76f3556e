"""Nouns in, files out; computes no statistic."""
