"""Contract suites and made curves: what a new detector or reader is held to, here and in other packages."""
