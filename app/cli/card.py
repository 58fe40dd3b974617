"""``flask letters card``: draw the picture that other sites show with a link to this one."""

from __future__ import annotations

from pathlib import Path

import click

from app.campaign import CampaignError
from app.cli.plain import CampaignCommand
from app.documents.printables import CardWords, to_card
from app.site.assets import LARGEST_CARD, STATIC, card_name
from app.site.live import live_campaign
from app.site.settings import load_settings

WORDS = {
    "en": ("A letter from you, to the people who represent you in Congress",
           "Five minutes, in your own words"),
    "es": ("Una carta suya, a las personas que le representan en el Congreso",
           "Cinco minutos, con sus propias palabras"),
}  # fmt: skip


@click.command("card", cls=CampaignCommand)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=STATIC,
              help="The folder to write to. Default: the site’s static files.")  # fmt: skip
def card_command(out: Path) -> None:
    """Draw the picture that other sites show with a link, in English and Spanish.

    It names the campaign by its title. Run it after the title has changed.

    \b
    Example:
      flask letters card
    """
    settings = load_settings()
    try:
        campaign = live_campaign(settings)
    except CampaignError as error:
        raise click.ClickException(str(error)) from None
    for lang, (heading, small) in WORDS.items():
        title = campaign.title_es if lang == "es" else campaign.title
        picture = to_card(CardWords(lang, heading, title, small))
        if len(picture) > LARGEST_CARD:
            raise click.ClickException(f"The picture has {len(picture)} bytes, which is too many.")
        (out / card_name(lang)).write_bytes(picture)
        click.echo(f"{out / card_name(lang)}: {len(picture):,} bytes")
