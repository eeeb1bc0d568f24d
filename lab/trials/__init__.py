"""What trials of the import need: a bad network, sources that lie, both ends compared byte by byte."""
