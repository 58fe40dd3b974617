"""Pages for everyone that hold nothing of anyone's."""

from app.web.public.counter import counter_pages
from app.web.public.verify import verify_pages
from app.web.public.views import public, well_known

__all__ = ["counter_pages", "public", "verify_pages", "well_known"]
