"""A letter as something to hand over: paper, PDF, an office's web form, a telephone call.

Every function here is pure: the letter, its writer and the office go in, text or bytes come out.
"""

from app.documents.call import CallScript, CallWords, NoPhone, to_call_script
from app.documents.letter import (
    TRANSLATION,
    Addressed,
    PostalLetter,
    WebFormText,
    form_length,
    postal,
    to_text,
    to_web_form,
)
from app.documents.pdf import missing_glyphs, to_pdf
from app.documents.quotes import typographic
from app.documents.typesetting import PdfError

__all__ = [
    "TRANSLATION",
    "Addressed",
    "CallScript",
    "CallWords",
    "NoPhone",
    "PdfError",
    "PostalLetter",
    "WebFormText",
    "form_length",
    "missing_glyphs",
    "postal",
    "to_call_script",
    "to_pdf",
    "to_text",
    "to_web_form",
    "typographic",
]
