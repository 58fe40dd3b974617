"""Who represents an address: seats, members, districts, and how to address a letter.

``lookup.find_delegation`` tells who represents a ZIP code, ``street.locate_street`` settles a split
one, ``names.inside_address`` and ``names.salutation`` address the letter. Knows nothing of letters,
the web or SQL. Only ``build`` reads the official files, with ``sources``.
"""
