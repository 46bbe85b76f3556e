"""Pure: nouns and arrays in, nouns and arrays out; no file, no picture."""
