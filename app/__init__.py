"""Dear Congress: residents write to the people who represent them.

The packages form one line, and each imports only from those before it: congress, campaign,
documents, records, delivery, cwc, site; then ``web`` and ``cli``, which do not know each other.
``main`` is the one file that knows both.
"""

__version__ = "1.0.0"
