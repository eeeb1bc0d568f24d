"""The lab: a real Kubernetes, and what AWS does for the functions, on one Linux machine.

`python -m lab up` starts everything, `down` removes it; `python -m lab --help` tells the rest.
"""
