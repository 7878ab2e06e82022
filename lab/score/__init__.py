"""How right a diagnosis is on runs whose truth is known."""
