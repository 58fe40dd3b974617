"""The one place where what a browser sent is taken up: every form of ours is read by WTForms.

The pages of residents carry a draft from form to form: ``resident/draft.py`` reads it, and has
forms of its own that judge it.
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
    """What all of them have in common: words of our own, in no language of WTForms."""

    class Meta:
        locales = False


F = TypeVar("F", bound=SiteForm)


def sent(form: type[F], **more: Any) -> F:
    """What the present request posted; every field empty where it posted nothing."""
    return form(request.form, **more)


def from_query(form: type[F], **more: Any) -> F:
    """What the query of the present address says."""
    return form(request.args, **more)


def posted() -> MultiDict[str, str]:
    """All that the present request posted: a resident's draft, or a form to be kept or carried."""
    return request.form


def queried() -> MultiDict[str, str]:
    """All that the query of the present address says: a choice of what is shown, or a link."""
    return request.args


def uploaded(most: int = -1) -> tuple[str, bytes]:
    """Name and content of the file that came along, at most ``most`` bytes of it; both empty
    where none did."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return "", b""
    with file.stream as stream:
        return file.filename, stream.read(most)


# --- fields ---


def entry(*filters: Filter) -> Any:
    """A text, empty where it is not there, after ``filters``."""
    return StringField(default="", filters=filters)


def entries(number: int, *filters: Filter) -> Any:
    """So many of them."""
    return (entry(*filters) for _field in range(number))


class RowField(IntegerField):  # type: ignore[misc]
    """The number of a kept row, as a form holds it unseen; -1 where it is none."""

    def process_formdata(self, valuelist: list[str]) -> None:
        number = valuelist[0] if valuelist else ""
        self.data = int(number) if re.fullmatch(r"[0-9]{1,15}", number) else -1


class DayField(Field):  # type: ignore[misc]
    """A day, however it is written; None where there is none, or none that can be read."""

    typed = ""
    """What was typed, to be shown again."""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.typed = NO_TEXT.sub("", valuelist[0]).strip()[:100] if valuelist else ""
        self.data = read_day(self.typed)

    def pre_validate(self, _form: Form) -> None:
        if self.data is None and self.raw_data and self.raw_data[0].strip():
            raise ValidationError(_("Enter a day as year, month and day, like 2026-11-25."))


class Several(Field):  # type: ignore[misc]
    """Texts that share the beginning of their names, by what follows it: ``cell-7-zip``."""

    def process(self, formdata: MultiDict[str, str] | None, *_data: Any, **_more: Any) -> None:
        start = f"{self.name}-"
        self.data = {
            name.removeprefix(start): value
            for name, value in (formdata or MultiDict()).items()
            if name.startswith(start)
        }
        self.process_errors: list[str] = []
