"""How the world gets in: HTTP requests and records of pipes, as values that the use cases take."""
