"""What AWS does for the functions, on this machine: tables, secrets, and the events of template.yaml.

Reads template.yaml and nothing else, so that what runs here is what would be deployed.
"""
