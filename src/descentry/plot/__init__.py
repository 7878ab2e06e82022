"""Pictures of curves, made of characters.  They take types of `record` and return lines of text."""
