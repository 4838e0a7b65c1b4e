"""Command lines: each module reads arguments, calls the package and prints."""
