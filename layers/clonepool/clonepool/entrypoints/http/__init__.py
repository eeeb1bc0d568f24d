"""The HTTP API (design section 6): requests in, views and problems out."""
