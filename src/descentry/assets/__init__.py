"""Files that ship with the package: the log of the demo."""
