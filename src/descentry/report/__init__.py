"""Views of a report: JSON, terminal text, notebook.  They take types of `record`, never engines."""
