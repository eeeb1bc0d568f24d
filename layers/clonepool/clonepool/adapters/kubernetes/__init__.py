"""The Kubernetes API: pods, Secrets, routes and commands in pods."""
