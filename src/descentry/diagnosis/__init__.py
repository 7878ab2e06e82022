"""The one call that every door makes, with the catalogue of what is known."""
