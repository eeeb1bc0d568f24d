"""What rewrites addresses in cells, and the cells."""
