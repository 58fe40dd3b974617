"""Pages for everyone, with nothing personal on them."""

from app.web.public.counter import counter_pages
from app.web.public.public_pages import public, well_known
from app.web.public.verify import verify_pages

__all__ = ["counter_pages", "public", "verify_pages", "well_known"]
