"""What is asked of each recipient, in which words: the bill, its stage, the letters.

A campaign is a folder under ``letters/``. ``load.load_campaign`` loads it, ``compose.compose``
writes one letter, ``check.check_campaign`` checks every letter to every seat. Pure: no clock, no
database.
"""
