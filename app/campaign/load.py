"""Loading a campaign's folder: ``campaign.toml``, the lists and the letters, all checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from app.campaign.backing_lists import read_list
from app.campaign.campaign_file import FILE, read_toml
from app.campaign.entities import Campaign, Length, LetterTemplate
from app.campaign.letter_file import read_name, read_template
from app.campaign.problems import CampaignError, Message, Problem
from app.campaign.stance import Backing, stances_from

LISTS = ("cosponsors.csv", "opposing.csv")

Templates = dict[tuple[str, Length], LetterTemplate]


def load_campaign(folder: Path) -> Campaign:
    """The campaign in ``folder``, checked; the folder's name is its slug.

    Raises ``CampaignError`` with every problem found, each with file and line: anything
    unreadable or missing, and each text that is not in the small language.
    """
    return read_campaign(folder.name, read_files(folder))


def read_files(folder: Path) -> dict[str, str]:
    """The text of each campaign file in ``folder``, by name, exactly as saved.

    Line endings are kept, so a text can be written back byte for byte. Files that cannot belong
    to a campaign are ignored. Raises ``CampaignError`` for a file that is not UTF-8.
    """
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and is_campaign_file(path.name):
            try:
                texts[path.name] = path.read_bytes().decode("utf-8")
            except UnicodeDecodeError:
                problems.append(Problem(path.name, 0, Message.of("not-utf8")))
    if problems:
        raise CampaignError(problems)
    return texts


def unread_files(folder: Path) -> list[str]:
    """The names of the files in ``folder`` that ``read_files`` ignores, except hidden ones and
    editors' copies: perhaps letters under a wrong name."""
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.is_file()
        and not is_campaign_file(path.name)
        and not path.name.startswith((".", "~"))
        and not path.name.endswith("~")
    )


def is_campaign_file(name: str) -> bool:
    """Whether a campaign can have a file of this name: its TOML file, its lists, any ``.txt``."""
    return name == FILE or name in LISTS or name.endswith(".txt")


def read_campaign(slug: str, files: Mapping[str, str]) -> Campaign:
    """The campaign made of these texts by file name (``general.txt``), all checked.

    The texts may come from files on disk, or be live texts and drafts from the database. Raises
    ``CampaignError`` as ``load_campaign`` does.
    """
    problems: list[Problem] = []
    source = _text(files, FILE, slug, problems)
    if source is None:
        raise CampaignError(problems)
    campaign, found = read_toml(slug, source)
    problems += found
    if campaign is None:
        raise CampaignError(problems)
    backings = _lists(slug, files, campaign.related, problems)
    templates = _templates(slug, files, campaign.facts, problems)
    if problems:
        raise CampaignError(sorted(problems, key=lambda p: (p.file, p.line)))
    related = campaign.related
    return replace(campaign, stances=stances_from(backings, related), templates=templates)


def _lists(
    slug: str, files: Mapping[str, str], bills: Iterable[str], problems: list[Problem]
) -> list[Backing]:
    backings: list[Backing] = []
    for name in LISTS:
        text = _text(files, name, slug, problems)
        if text is not None:
            lines, found = read_list(name, text.replace("\r\n", "\n"), bills)
            backings += lines
            problems += found
    return backings


def _templates(
    slug: str, files: Mapping[str, str], facts: Iterable[str], problems: list[Problem]
) -> Templates:
    templates: Templates = {}
    aids: Templates = {}
    for name in sorted(files):
        if not name.endswith(".txt"):
            continue
        kind = read_name(name)
        result = read_template(name, files[name], facts=facts)
        if isinstance(result, tuple):
            problems += result
        else:
            chosen = aids if kind is not None and kind.reading_aid else templates
            chosen[result.id, result.length] = result
    if not templates and not problems:
        problems.append(Problem(slug, 0, Message.of("no-letter")))
    for id_, length in templates:
        if length == "short" and (id_, "full") not in templates and not problems:
            what = Message.of("no-full", name=f"{id_}.txt")
            problems.append(Problem(f"{id_}.short.txt", 0, what))
    return with_reading_aids(templates, aids, problems)


def with_reading_aids(templates: Templates, aids: Templates, problems: list[Problem]) -> Templates:
    """Attach each reading aid to its letter; one without a letter is added to ``problems``."""
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
            problems.append(Problem(aid.source_name, 0, Message.of("no-english")))
    return joined


def _text(files: Mapping[str, str], name: str, slug: str, problems: list[Problem]) -> str | None:
    if name not in files:
        problems.append(Problem(name, 0, Message.of("no-file", folder=slug)))
    return files.get(name)
