"""The writer: saves the losses of a training loop as they come, and never harms the loop."""
