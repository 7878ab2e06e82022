"""Made-up runs for what a tiny training cannot give: a course, a schedule's effect, a noise model, an event."""
