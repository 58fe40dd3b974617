"""The list of fields beside the editor: what each prints, with a real example."""

from __future__ import annotations

from dataclasses import dataclass

from app.campaign import FILTERS, Campaign, Field
from app.campaign.fields import FACT_PREFIX, FIELD_GROUPS
from app.site.i18n import gettext as _
from app.site.i18n import language


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field as the editor offers it."""

    name: str
    insert: str
    """What the button puts into the text."""
    about: str
    example: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields under one heading."""

    id: str
    title: str
    lines: tuple[FieldLine, ...]


def field_groups(campaign: Campaign) -> list[FieldGroup]:
    """Every field that a letter may use, by what it is about, in the reader's language."""
    titles = {
        "writer": _("The writer, their story and the ask"),
        "recipient": _("Whom the letter goes to"),
        "bill": _("The bill and the date"),
    }
    groups = [
        FieldGroup(key, titles[key], tuple(_line(field) for field in fields))
        for key, fields in FIELD_GROUPS.items()
    ]
    texts = campaign.facts_es if language() == "es" else campaign.facts
    facts = tuple(
        FieldLine(FACT_PREFIX + key, f"{{{{ {FACT_PREFIX}{key} }}}}",
                  _("A dated fact from the campaign’s page."), texts.get(key, fact))
        for key, fact in campaign.facts.items()
    )  # fmt: skip
    groups.append(FieldGroup("facts", _("Facts with a date"), facts))
    groups.append(FieldGroup("tests", _("Words for some recipients only"), _tests()))
    return groups


def _line(field: Field) -> FieldLine:
    only_tested = not field.printable or field.kind == "yes or no"
    insert = f"{{{{ {field.name} }}}}"
    if field.kind == "yes or no":
        insert = f"{{% if {field.name} %}}…{{% endif %}}"
    elif only_tested:
        value = field.choices[0] if field.choices else field.example
        insert = f'{{% if {field.name} == "{value}" %}}…{{% endif %}}'
    return FieldLine(
        field.name, insert, _(field.description), field.example,
        field.choices if only_tested else (),
    )  # fmt: skip


def _tests() -> tuple[FieldLine, ...]:
    ways = (
        FieldLine("if", '{% if type == "sen" %}\n…\n{% else %}\n…\n{% endif %}',
                  _("Words for those who fit, and other words for everyone else."),
                  '{% if type == "sen" %} … {% else %} … {% endif %}'),
        FieldLine("or", '{{ city or "my town" }}',
                  _("Words that stand in where a field is empty."), '{{ city or "my town" }}'),
    )  # fmt: skip
    filters = tuple(
        FieldLine(name, f"{{{{ chamber_name | {name} }}}}", _(about), f"{{{{ … | {name} }}}}")
        for name, about in FILTERS.items()
    )
    return ways + filters
