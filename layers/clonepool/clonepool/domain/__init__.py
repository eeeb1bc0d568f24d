"""Rules and values. Pure: no I/O, no clock, no environment."""
