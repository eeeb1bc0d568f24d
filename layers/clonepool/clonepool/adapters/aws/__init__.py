"""Small AWS services: secrets and time."""
