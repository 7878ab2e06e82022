"""Watches logs that grow: what is worth telling of a live run, and to whom it is told."""
