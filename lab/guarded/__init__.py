"""The closed loop: real faulty trainings that the guard watches and acts on, nobody there."""
