"""Pages for everyone that hold nothing of anyone's."""

from app.web.public.views import public

__all__ = ["public"]
