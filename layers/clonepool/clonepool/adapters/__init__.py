"""The outside, each service behind the port it serves."""
