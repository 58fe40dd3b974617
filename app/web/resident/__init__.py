"""The resident's way: find, write, review, sign, take away, receipt."""

from app.web.resident.views import resident

__all__ = ["resident"]
