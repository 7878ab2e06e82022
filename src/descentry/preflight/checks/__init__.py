"""One file per check or small group of checks; `preflight.registry` lists them."""
