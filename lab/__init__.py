"""The embedded default: a real single-node Kubernetes, and what AWS would do, on one Linux machine."""
