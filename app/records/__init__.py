"""What is kept and what is counted: signatures, their letters, tallies. All SQL lives here.

The usual way through::

    db = database.local_database(settings.database)
    person = persons.person_of(settings.person_key, first=…, last=…, street=…, zip5=…, email=…)
    signed = signing.sign(db, SignatureRequest(key=…, person=person, …), settings.secret_key)
    signing.receipt(db, signed.receipt)
    counts.count(db, "some-campaign", "district")
"""
