"""Readers of the official files from which ``app/congress/tables`` is built."""
