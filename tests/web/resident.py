"""A resident for tests: goes from the ZIP to the receipt, as a browser without JavaScript does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from tests.web.lint import Client, Html, lint, values, words

Form = dict[str, list[str]]

GLOUCESTER = ("01930", "MA")
BOSTON_TO = ["MA-6", "MA-S1", "MA-S2"]

PERSON = {
    "first": "Siobhán",
    "last": "O'Dell",
    "street": "12 Larkspur Ct",
    "city": "Springfield",
    "story": "Last spring a neighbor was afraid to report a break-in.\n\nParks & trails < roads.",
}


@dataclass
class Resident:
    """One person in one language. Every page fetched on the way is linted."""

    client: Client
    lang: str = "en"
    person: dict[str, str] = field(default_factory=lambda: dict(PERSON))
    prefix: str = ""
    """The prefix of the campaign's addresses."""

    def url(self, path: str) -> str:
        return self.prefix + (f"/es{path}" if self.lang == "es" else path)

    def find(self, zip_code: str, state: str = "", status: int = 200, **more: str) -> Html:
        return self.client.post(
            self.url("/find"), {"zip": zip_code, "state": state, **more}, status
        )

    def telling(self, zip_code: str, state: str = "", district: int | None = None) -> Html:
        """The page for the story, after choosing the ``district`` if one is given."""
        if district is None:
            return self.find(zip_code, state)
        data = {"zip": zip_code, "state": state, "district": str(district)}
        return self.client.post(self.url("/write"), data)

    def writing(self, zip_code: str, state: str = "", district: int | None = None) -> Html:
        """The page for name and address, after the one for the story."""
        return self.next(self.telling(zip_code, state, district))

    def next(self, page: Html) -> Html:
        """Fill in the story and go on to the page for name and address."""
        return self.client.post(
            self.url("/address"), {**page.form(), "story": [self.person["story"]]}
        )

    def filled(self, page: Html, **changes: Any) -> Form:
        """The form of one of these two pages, with everything that this person types on both."""
        form = page.form()
        for name, value in {**self.person, **changes}.items():
            form[name] = value if isinstance(value, list) else [value]
        return form

    def review(self, form: Form, status: int = 200) -> Html:
        return self.client.post(self.url("/review"), form, status)

    def reviewing(self, *place: Any, **changes: Any) -> Html:
        return self.review(self.filled(self.writing(*place), **changes))

    def sign(self, form: Form, status: int = 200) -> Html:
        """Press the button to sign. Follows a 307 by posting the form again, as a browser does."""
        response = self.client.flask.post(self.url("/sign"), data=form)
        if response.status_code == 307:
            assert status == 200
            return self.client.post(response.headers["Location"], form)
        assert response.status_code == status, response.status
        return lint(response, self.url("/sign"))

    def signed(self, *place: Any, **changes: Any) -> Html:
        return self.sign(self.reviewing(*place, **changes).form())

    def receipt_path(self, taken: Html) -> str:
        forms = [form.get("action") or "" for form in taken.all("form")]
        return next(action for action in forms if "/receipt/" in action)


def form_with(page: Html, **values_wanted: str) -> tuple[str, Form]:
    """Address and fields that a form sends when its button with this name and value is pressed."""
    for form in page.all("form"):
        for button in form.iter():
            name, value = button.get("name"), button.get("value")
            if button.tag == "button" and any(
                name == wanted and value == text for wanted, text in values_wanted.items()
            ):
                return _pressed(form, button)
    raise AssertionError(f"no button {values_wanted}")


def _pressed(form: ElementTree.Element, button: ElementTree.Element) -> tuple[str, Form]:
    sent = values(form)
    sent.setdefault(str(button.get("name")), []).append(button.get("value") or "")
    address = button.get("formaction") or form.get("action") or ""
    return address.partition("#")[0], sent


def sheets(page: Html) -> list[str]:
    """The words of each letter that a page shows in full."""
    return [words(e) for e in page.all("article") if e.get("class") == "sheet"]
