"""Tiny real trainings on a CPU, each with at most one fault."""
