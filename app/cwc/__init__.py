"""The offices' own delivery systems: the message format, the client, and the queue's channel.

All of it is off until an operator has an agreement and a key.
"""
