"""Who represents an address: seats, members, districts, and how to address a letter.

``lookup.find_delegation`` says who represents a ZIP code, ``street.locate_street`` settles a split
one, ``names.inside_address`` and ``names.salutation`` address the letter. Knows no letters, no web,
no SQL. Only ``build`` reads ``sources``, the official files.
"""
