"""Training frameworks: each imported only by who uses it."""
