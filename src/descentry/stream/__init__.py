"""Drives the detectors over chunks: order, segments, lives of findings, summary."""
