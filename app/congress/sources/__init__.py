"""The official files, read and checked; only ``congress.build`` makes tables of them.

Members and their offices, the districts of ZIPs and towns, the Census Bureau's blocks, the
outlines of districts. Each raises ``BuildError`` with a sentence that names the file.
"""
