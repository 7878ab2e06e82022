"""Console text to rows: the parts of the reader `descentry.sources.text.reader`."""
