"""Arrays in, arrays out: noise, trends, summaries.  Nothing here knows what a run is."""
