"""What the system does, one file each.

Ports and rules only; every one may run twice, late, and side by side with itself.

Errors below `LostRace` mean that somebody else is responsible now. What a handler calls ends quietly on them;
what other use cases call lets them pass.
"""
