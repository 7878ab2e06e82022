"""Codecs that readers and writers share."""
