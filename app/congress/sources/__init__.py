"""Readers of the official files, from which only ``congress.build`` makes tables.

They read members and their offices, the districts of ZIPs and towns, the Census Bureau's blocks
and the outlines of districts. Each raises ``BuildError`` with a sentence that names the file.
"""
