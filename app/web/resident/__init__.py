"""The resident's pages: find, write, review, sign, hand over, receipt."""

from app.web.resident.views import resident

__all__ = ["resident"]
