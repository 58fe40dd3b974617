"""What is asked of each recipient, in which words: the bill, its stage, the letters.

A campaign is a folder of ``letters/``. ``load_campaign`` reads it, ``compose`` makes one
letter, ``check_campaign`` reads every letter to every seat. Pure: no clock, no database.
"""

from app.campaign.asks import ask_for
from app.campaign.check import Report, check_campaign
from app.campaign.compose import body_text, compose, office_language, own_share, reading_aid
from app.campaign.entities import (
    Campaign,
    Length,
    Letter,
    LetterTemplate,
    Stance,
    Writer,
)
from app.campaign.fields import FIELDS, FILTERS, Field, known_fields
from app.campaign.language import (
    Parsed,
    TemplateProblem,
    parse_condition,
    parse_template,
)
from app.campaign.letter_file import read_template, version_of
from app.campaign.load import load_campaign, read_campaign, read_files
from app.campaign.problems import CampaignError, Problem
from app.campaign.stance import stage_of, stance_of

__all__ = [
    "FIELDS",
    "FILTERS",
    "Campaign",
    "CampaignError",
    "Field",
    "Length",
    "Letter",
    "LetterTemplate",
    "Parsed",
    "Problem",
    "Report",
    "Stance",
    "TemplateProblem",
    "Writer",
    "ask_for",
    "body_text",
    "check_campaign",
    "compose",
    "known_fields",
    "load_campaign",
    "office_language",
    "own_share",
    "parse_condition",
    "parse_template",
    "read_campaign",
    "read_files",
    "read_template",
    "reading_aid",
    "stage_of",
    "stance_of",
    "version_of",
]
