"""``flask demo``: a site that is full of invented people, to look at before real ones come.

Every invented signature carries the source tag ``demo``, so each count can show or leave out
what is invented. ``--remove`` finds them by their forms' keys, since any link can have that tag.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import click
from flask.cli import with_appcontext

from app.campaign.asks import ask_for
from app.campaign.entities import Campaign, LetterTemplate
from app.cli.organizer_commands import print_link
from app.cli.plain import PlainCommand, operator, progress
from app.congress.tables import Tables
from app.records import organizers
from app.records.acts import LetterRow, SignatureRequest
from app.records.counts import by_status
from app.records.database import Connection
from app.records.persons import person_of
from app.records.signing import numbers_of_forms, remove, sign
from app.records.site_campaigns import begin, move, remove_campaign
from app.site.services import Services, services

SOURCE = "demo"
MOST = 20_000
"""How many people can be invented."""
ORGANIZERS: tuple[tuple[str, organizers.Role], ...] = (
    ("Demo Admin", "admin"), ("Demo Editor", "editor"),
)  # fmt: skip
SECOND, SHARE = "thank-the-cosponsors", 5
"""The second campaign, and the fraction (one in ``SHARE``) of people who sign it too."""
WEEKS = 8
_FIRST = ("Ada", "Ben", "Cleo", "Dora", "Eli", "Fay", "Gus", "Hana", "Ivo", "June", "Kofi", "Lena")
_LAST = ("Example", "Invented", "Sample", "Specimen", "Pattern", "Madeup", "Fable", "Draft")


@click.command("demo", cls=PlainCommand)
@click.option("--people", type=click.IntRange(1, MOST), default=3_000, show_default=True,
              help="How many invented people to add.")  # fmt: skip
@click.option("--remove", "removing", is_flag=True, help="Remove everything that was invented.")
@with_appcontext
def demo_command(people: int, removing: bool) -> None:
    """Fill this site with invented organizers and signatures, to try it out.

    The signatures are spread over all districts and recent weeks, and have the source tag 'demo'.
    Refuses on a site that has real signatures.

    \b
    Examples:
      flask demo
      flask demo --people 500
      flask demo --remove
    """
    site = services()
    db, secret = site.db(), site.settings.secret_key
    if removing:
        click.echo(f"{_remove_demo(db, secret):,} invented signatures were removed.")
        remove_campaign(operator(db), SECOND)
        return
    invented = _invented(db)
    if sum(total.signatures for total in by_status(db, None).values()) > len(invented):
        raise click.ClickException(
            "This site has real signatures, so nothing was invented. Make a separate demo site: "
            "DEAR_CONGRESS_INSTANCE=demo-instance flask demo"
        )
    if invented:
        raise click.ClickException(
            "This site already has the invented signatures. To remove them: flask demo --remove"
        )
    second = _second_campaign(site)
    for campaign, number in ((site.campaign, people), (second, people // SHARE)):
        requests = _requests(number, campaign, site.tables, site.settings.person_key, site.now())
        with progress(f"Signing {campaign.title}", number) as bar:
            for done, request in enumerate(requests, 1):
                sign(db, request, secret)
                bar(done)
    click.echo(f"{people:,} invented people signed, with the source tag '{SOURCE}'.")
    click.echo(f"{people // SHARE:,} of them also signed a second campaign, at /c/{SECOND}/.")
    for name, role in ORGANIZERS:
        link = organizers.add_organizer(operator(db), name, role)
        if isinstance(link, organizers.OneTimeLink):
            print_link(link)
    click.echo("\nTo remove all of it: flask demo --remove")


def _second_campaign(site: Services) -> Campaign:
    """Begin and open the second campaign."""
    by, first = operator(site.db()), site.settings.campaign
    begin(by, SECOND, {}, first=first)
    move(by, SECOND, "open", first=first)
    return site.lives.of(SECOND).now(site.db())


def _requests(
    people: int, campaign: Campaign, tables: Tables, secret: bytes, now: datetime
) -> Iterator[SignatureRequest]:
    """People of every district, most of them recent."""
    chance = random.Random(people)  # noqa: S311 - not used for secrets
    templates = [t for t in campaign.templates.values() if t.length == "full"]
    places = sorted(tables.delegations)
    zone = ZoneInfo(campaign.timezone)
    for number in range(people):
        state, district = places[number % len(places) if number < len(places)
                                 else chance.randrange(len(places))]  # fmt: skip
        at = (now - timedelta(days=WEEKS * 7) * chance.random() ** 2).astimezone(zone)
        template: LetterTemplate = chance.choice(templates)
        wrote = chance.random() < 0.6
        yield SignatureRequest(
            key=_form_key(number),
            person=person_of(
                secret,
                first=chance.choice(_FIRST),
                last=f"{chance.choice(_LAST)} {number}",
                street=f"{number + 1} Invented Lane",
                zip5="00000",
            ),
            campaign=campaign.slug,
            day=at.date(),
            at=at,
            state=state,
            district=district,
            template=template.id,
            version=template.version,
            length=template.length,
            language="es" if chance.random() < 0.2 else "en",
            match=chance.choice(("zip", "zip", "street", "chosen")),
            source=SOURCE,
            edited=False,
            own_share=chance.randrange(10, 60) if wrote else 0,
            letters=tuple(
                LetterRow(h.seat.id, h.member.bioguide, ask_for(campaign, h, at.date()).id)
                for h in tables.delegations[state, district].recipients
                if h.member
            ),
        )


def _remove_demo(db: Connection, secret: bytes) -> int:
    """Delete every invented signature, and disable the invented organizers."""
    for name, _role in ORGANIZERS:
        found = organizers.organizer_by_name(db, name)
        if found is not None and not found.disabled:
            organizers.set_disabled(operator(db), secret, found.id, True, even_last_admin=True)
    return remove(db, _invented(db))


def _form_key(number: int) -> str:
    """The key of the form of an invented person; a real form's is random and signed by the site."""
    return f"flask demo {number}"


def _invented(db: Connection) -> list[int]:
    """Numbers of the invented signatures."""
    return numbers_of_forms(db, map(_form_key, range(MOST)))
