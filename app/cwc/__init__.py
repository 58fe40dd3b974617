"""The offices' own delivery systems: their format, their client, and the way there.

All of it is off until an operator has an agreement and a key.
"""
