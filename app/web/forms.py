"""The only place that reads what a browser sent: every form is parsed by WTForms.

Residents' pages carry a draft from form to form: ``resident/draft.py`` reads it and has the forms
that validate it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from flask import request
from werkzeug.datastructures import MultiDict
from wtforms import Field, Form, IntegerField, StringField, ValidationError

from app.site.i18n import gettext as _
from app.text import NO_TEXT, read_day

Filter = Callable[[str], Any]


class SiteForm(Form):  # type: ignore[misc]
    """The base of all forms: messages are ours, so WTForms' translations are off."""

    class Meta:
        locales = False


F = TypeVar("F", bound=SiteForm)


def sent(form: type[F], **more: Any) -> F:
    """The form as posted by this request; every field is empty if nothing was posted."""
    return form(request.form, **more)


def from_query(form: type[F], **more: Any) -> F:
    """The form as filled in by this request's query string."""
    return form(request.args, **more)


def posted() -> MultiDict[str, str]:
    """Everything that this request posted: a resident's draft, or a form to store or carry on."""
    return request.form


def queried() -> MultiDict[str, str]:
    """This request's query string: a choice of what to show, or the parameters of a link."""
    return request.args


def uploaded(most: int = -1) -> tuple[str, bytes]:
    """Name and content of the uploaded file, at most ``most`` bytes of it; both empty if there is
    none."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return "", b""
    with file.stream as stream:
        return file.filename, stream.read(most)


# --- fields ---


def entry(*filters: Filter) -> Any:
    """A text field with ``filters``; empty if it was not sent."""
    return StringField(default="", filters=filters)


def entries(number: int, *filters: Filter) -> Any:
    """``number`` such fields."""
    return (entry(*filters) for _field in range(number))


class RowField(IntegerField):  # type: ignore[misc]
    """The id of a stored row, as in a hidden field; -1 if it is not a number."""

    def process_formdata(self, valuelist: list[str]) -> None:
        number = valuelist[0] if valuelist else ""
        self.data = int(number) if re.fullmatch(r"[0-9]{1,15}", number) else -1


class DayField(Field):  # type: ignore[misc]
    """A day in any common notation; None if it is empty or unreadable."""

    typed = ""
    """What was typed, to show again."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.typed = NO_TEXT.sub("", valuelist[0]).strip()[:100] if valuelist else ""
        self.data = read_day(self.typed)

    def pre_validate(self, _form: Form) -> None:
        if self.data is None and self.raw_data and self.raw_data[0].strip():
            raise ValidationError(_("Enter a day as year, month and day, like 2026-11-25."))


class Several(Field):  # type: ignore[misc]
    """All texts whose names begin with the field's name and a hyphen, by the rest of the name:
    ``cell-7-zip`` is ``7-zip`` in the field ``cell``."""

    def process(self, formdata: MultiDict[str, str] | None, *_data: Any, **_more: Any) -> None:
        start = f"{self.name}-"
        self.data = {
            name.removeprefix(start): value
            for name, value in (formdata or MultiDict()).items()
            if name.startswith(start)
        }
        self.process_errors: list[str] = []
