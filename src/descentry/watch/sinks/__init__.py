"""To whom it is told: one file per kind, each with the small protocol of `protocol`."""
