"""Dear Congress: residents write to the people who represent them.

The packages stand in one line, and each imports only from those before it:
congress, campaign, documents, records, delivery; ``web`` and ``cli`` put them
together. ``settings`` may be imported by ``web`` and ``cli`` only.
"""
