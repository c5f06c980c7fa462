"""A report on an archive as one static HTML file: no script, no network, light and dark."""
