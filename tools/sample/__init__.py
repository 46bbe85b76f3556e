"""The parts of the sample: each module makes one file or one family of files."""
