"""The proving ground: runs whose fault is known because it was put there, and the score of a diagnosis on them."""
