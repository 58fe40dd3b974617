"""Reading a campaign's folder: ``campaign.toml``, the lists and the letters, all checked."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from app.campaign.campaign_file import FILE, CampaignFile
from app.campaign.lists import read_list
from app.campaign.model import Campaign, Length, LetterTemplate
from app.campaign.problems import CampaignError, Problem
from app.campaign.source import read_name, read_template, toml_line, toml_words
from app.campaign.stance import Backing, stances_from
from app.campaign.toml_lines import key_lines
from app.campaign.toml_table import TomlTable

LISTS = ("cosponsors.csv", "opposing.csv")

Templates = dict[tuple[str, Length], LetterTemplate]


def load_campaign(folder: Path) -> Campaign:
    """The campaign in ``folder``, checked; the folder's name is its slug.

    Raises ``CampaignError`` with every problem found, each with file and line: what cannot be
    read, what is missing, and each text that is not in the small language.
    """
    problems: list[Problem] = []
    source = _read(folder / FILE, problems)
    if source is None:
        raise CampaignError(problems)
    try:
        data = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise CampaignError([Problem(FILE, toml_line(error, source), toml_words(error))]) from None
    file = CampaignFile(folder.name, TomlTable(FILE, data, key_lines(source), problems))
    campaign = file.read()
    backings = _lists(folder, file.related, problems)
    templates = _templates(folder, file.facts, problems)
    if problems or campaign is None:
        raise CampaignError(sorted(problems, key=lambda p: (p.file, p.line)))
    return replace(campaign, stances=stances_from(backings, file.related), templates=templates)


def _lists(folder: Path, bills: Iterable[str], problems: list[Problem]) -> list[Backing]:
    backings: list[Backing] = []
    for name in LISTS:
        text = _read(folder / name, problems)
        if text is not None:
            lines, found = read_list(name, text, bills)
            backings += lines
            problems += found
    return backings


def _templates(folder: Path, facts: Iterable[str], problems: list[Problem]) -> Templates:
    templates: Templates = {}
    aids: Templates = {}
    for path in sorted(folder.glob("*.txt")):
        text = _read(path, problems)
        kind = read_name(path.name)
        if text is None:
            continue
        result = read_template(path.name, text, facts=facts)
        if isinstance(result, tuple):
            problems += result
        else:
            chosen = aids if kind is not None and kind.reading_aid else templates
            chosen[result.id, result.length] = result
    if not templates and not problems:
        problems.append(Problem(folder.name, 0, "There is no letter: a file like general.txt."))
    return with_reading_aids(templates, aids, problems)


def with_reading_aids(templates: Templates, aids: Templates, problems: list[Problem]) -> Templates:
    """Join each reading aid to its letter; one without a letter is noted as a problem."""
    joined = dict(templates)
    for key, aid in aids.items():
        if key in templates:
            joined[key] = replace(
                templates[key],
                reading_aid_es=aid.body,
                reading_aid_source=aid.source_name,
                first_reading_aid_line=aid.first_body_line,
            )
        elif not problems:
            message = "There is no English letter for this reading aid."
            problems.append(Problem(aid.source_name, 0, message))
    return joined


def _read(path: Path, problems: list[Problem]) -> str | None:
    if not path.is_file():
        problems.append(Problem(path.name, 0, f"There is no such file in {path.parent.name}."))
        return None
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        problems.append(Problem(path.name, 0, "The file is not saved as UTF-8."))
        return None
