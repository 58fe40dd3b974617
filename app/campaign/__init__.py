"""What is asked of each recipient, in which words: the bill, its stage, the letters.

A campaign is a folder of ``letters/``. ``load.load_campaign`` reads it, ``compose.compose`` makes
one letter, ``check.check_campaign`` reads every letter to every seat. Pure: no clock, no database.
"""
