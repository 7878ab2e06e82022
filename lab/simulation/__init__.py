"""Healthy runs by the thousand: how often a diagnosis cries wolf."""
