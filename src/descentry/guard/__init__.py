"""The guard of a live training: what stands, what to do about it, and walls around all of it."""
