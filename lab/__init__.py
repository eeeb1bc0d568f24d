"""The lab: a real Kubernetes, and what AWS does for the functions, on one Linux machine.

`python -m lab up` starts everything, `down` removes it; see docs/lab.md or `python -m lab --help`.
"""
