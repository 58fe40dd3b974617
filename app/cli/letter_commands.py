"""``flask letters``: check the letters for every office, and export and import the texts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from flask.cli import with_appcontext

from app.campaign import edit
from app.campaign.campaign_file import FILE as CAMPAIGN_FILE
from app.campaign.check import check_campaign
from app.campaign.entities import Campaign
from app.campaign.fields import FIELDS, FILTERS
from app.campaign.load import read_campaign, read_files, unread_files
from app.campaign.problems import SENTENCES, CampaignError
from app.campaign.text_changes import changes
from app.campaign.words import Language, said
from app.cli.plain import FOLDER, NEW_FOLDER, CampaignCommand, PlainGroup, operator, progress, some
from app.congress.tables import Tables, load_tables
from app.files import typed, write_file
from app.records.counts import anyone_signed
from app.records.workshop import LiveFiles, publish_texts, states
from app.site.assets import LARGEST_CARD, STATIC, card_name
from app.site.live import chosen_campaign, live_campaign
from app.site.services import Services, moment_of_site, services
from app.site.settings import load_settings

letters_cli = PlainGroup("letters")
_LEVELS = {"must": "must be fixed", "should": "should be fixed", "nice": "a hint"}
CARD_WORDS: dict[Language, tuple[str, str]] = {
    "en": ("A letter from you, to the people who represent you in Congress",
           "Five minutes, in your own words"),
    "es": ("Una carta suya, a las personas que le representan en el Congreso",
           "Cinco minutos, con sus propias palabras"),
}  # fmt: skip


@letters_cli.command()
@click.option("--campaign", "slug", help="The campaign to check. Default: the site’s campaign.")
@click.option(
    "--folder", type=FOLDER,
    help="Check the files in this folder, for example before an import: a campaign’s folder, or "
         "one that holds several. Default: the live texts, which are those in the site’s "
         "letters folder unless others were published in the browser.",
)  # fmt: skip
def check(slug: str | None, folder: Path | None) -> None:
    """Check every letter to every seat of Congress at every stage.

    Prints each problem with its file, line, sentence and advice, or one line that ends in ok.
    Exits with status 1 if anything must or should be fixed.

    \b
    Example:
      flask letters check
      flask letters check --campaign protect-immigration-act
      flask letters check --folder letters
    """
    campaign, tables = _load(slug, folder)
    with progress("Reading the letters", len(tables.holders)) as bar:
        report = check_campaign(campaign, tables.holders, progress=lambda done, _total: bar(done))
    for problem in report.problems:
        where = f"at {some(problem.seats, 'seat')}; " if problem.seats else ""
        click.echo(f"letters/{campaign.slug}/{problem} ({where}{_LEVELS[problem.level]})")
    click.echo(report.summary)
    if not report.ok:
        raise SystemExit(1)


@letters_cli.command()
def fields() -> None:
    """List the fields and filters that a letter may use, each with an example.

    \b
    Example:
      flask letters fields
    """
    for field in FIELDS:
        click.echo(f"{{{{ {field.name} }}}}  ({field.kind})\n    {field.description}")
        click.echo(f"    For example: {field.example}")
        if not field.printable or field.kind == "yes or no":
            click.echo("    For tests only.")
    for name, words in FILTERS.items():
        click.echo(f"{{{{ field | {name} }}}}\n    {words[0].upper()}{words[1:]}.")


def _load(slug: str | None, folder: Path | None) -> tuple[Campaign, Tables]:
    try:
        settings = load_settings() if slug is None or folder is None else None
        slug = slug or (chosen_campaign(settings) if settings else "")
        if folder is not None:
            home = folder if (folder / CAMPAIGN_FILE).is_file() else folder / slug
            campaign = read_campaign(slug, read_files(home))
            _name_unread(home)
            return campaign, load_tables(settings.instance if settings else None, datetime.now(UTC))
        assert settings is not None
        return live_campaign(settings, slug), load_tables(
            settings.instance, moment_of_site(settings)
        )
    except CampaignError as error:
        lines = [f"letters/{slug}/{problem}" for problem in error.problems]
        lines.append(some(len(lines), "problem"))
        raise click.ClickException("\n".join(["The letters cannot be read.", *lines])) from None


@letters_cli.command("export", cls=CampaignCommand)
@click.option(
    "--out",
    type=NEW_FOLDER,
    help="The folder to write to. Default: the campaign’s own folder in letters/.",
)
@click.option("--yes", is_flag=True, help="Replace files that differ without asking.")
@with_appcontext
def export_command(out: Path | None, yes: bool) -> None:
    """Export the live texts to files, byte for byte as they were published.

    \b
    Example:
      flask letters export
      flask letters export --out /tmp/letters
    """
    site = services()
    folder = out or site.settings.letters / site.live.slug
    files = site.live.files(site.db()).files
    there = _existing(folder)
    other = [n for n, text in files.items() if n in there and there[n] != text.encode("utf-8")]
    if other and not yes:
        click.echo(f"These files in {folder} differ from the live texts and would be replaced:")
        for name in other:
            click.echo(f"  {name}")
        click.confirm("Replace them?", abort=True)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sorted(files.items()):
        if there.get(name) != text.encode("utf-8"):
            write_file(folder / name, text, mode=0o666)
            click.echo(f"  {name}: written")
    for name, state in sorted(states(site.db(), site.live.slug).items()):
        if state.retired and name in there:
            click.echo(f"  {name}: retired on the site; file left unchanged")
    click.echo(f"{folder} has the {len(files)} files of {site.live.slug}.")


@letters_cli.command("import", cls=CampaignCommand)
@click.argument("folder", type=FOLDER)
@click.option("--yes", is_flag=True, help="Publish without asking.")
@with_appcontext
def import_command(folder: Path, yes: bool) -> None:
    """Publish the texts in FOLDER. Residents see them right away; drafts are not changed.

    Shows what would change and asks first. Refuses texts that must be fixed. A live text that is
    not in FOLDER stays live.

    \b
    Example:
      flask letters import /tmp/letters
    """
    site = services()
    live = site.live.files(site.db())
    texts = _texts(folder)
    _refuse_another_campaign(site, folder)
    changed = {name: text for name, text in texts.items() if live.files.get(name) != text}
    for name, text in sorted(changed.items()):
        click.echo(f"  {name}: {_in_words(live.files.get(name), text)}")
    for name in sorted(set(live.files) - set(texts)):
        click.echo(f"  {name}: not in {folder}; stays live")
    if not changed:
        click.echo("Nothing to import: the texts are the same as the live ones.")
        return
    _refuse_another_bill(site, live, changed, folder)
    _refuse_problems(site, live, changed)
    if not yes:
        click.confirm("Publish this?", abort=True)
    answer = publish_texts(
        operator(site.db()), site.live.slug, changed, folder=site.live.folder, seen=live.counter,
        note=f"Imported from {folder.name}",
    )  # fmt: skip
    if answer is None:
        raise click.ClickException("Not published: someone else just published. Run this again.")
    click.echo(f"{some(len(answer), 'text is', 'texts are')} live now.")


def _existing(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        return {}
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def _texts(folder: Path) -> dict[str, str]:
    try:
        texts = read_files(folder)
    except CampaignError as error:
        raise click.ClickException(f"Nothing was imported.\n{error}") from None
    if not texts:
        raise click.ClickException(f"{folder} has no campaign.toml and no letters.")
    _name_unread(folder)
    return texts


def _name_unread(folder: Path) -> None:
    """Name the files that are not read, which may be letters under a wrong name."""
    if names := unread_files(folder):
        click.echo(f"Not read: {', '.join(names)}. {SENTENCES['letter-name']}", err=True)


def _in_words(old: str | None, new: str) -> str:
    if old is None:
        return "new"
    found = changes(old.replace("\r\n", "\n"), new.replace("\r\n", "\n"))
    added = sum(1 for change in found if change.kind in ("new", "changed"))
    gone = sum(1 for change in found if change.kind == "old")
    return (
        f"changed in {some(added + gone, 'place')}"
        if added + gone
        else ("only line endings changed")
    )


def _refuse_another_campaign(site: Services, folder: Path) -> None:
    """Refuse the folder of another campaign of this site, even if both have the same bill."""
    other = folder.resolve().name
    known = {one.slug for one in site.campaigns}
    known |= {path.parent.name for path in site.settings.letters.glob("*/campaign.toml")}
    if other == site.slug or other not in known:
        return
    here = any(one.slug == other for one in site.campaigns)
    way = (
        f"flask letters import --campaign {other} …"
        if here
        else f"flask campaign begin {typed(folder)}"
    )
    raise click.ClickException(
        f"This folder belongs to another campaign, {other!r}; this one is {site.slug!r}. Nothing "
        f"was imported. You may want: {way}"
    )


def _refuse_another_bill(
    site: Services, live: LiveFiles, changed: dict[str, str], folder: Path
) -> None:
    """Refuse texts about another bill: people here signed for this one."""
    try:
        theirs = read_campaign(site.live.slug, {**live.files, **changed})
    except CampaignError:
        return  # reported with the other problems
    ours = site.campaign
    before = live.files[CAMPAIGN_FILE]
    if not edit.fixed_changes(before, changed.get(CAMPAIGN_FILE, before)):
        return
    named = [", ".join(f"{b.number} of Congress {b.congress}" for b in one.bills.values()
                       if b.number) or one.title for one in (theirs, ours)]  # fmt: skip
    words = f"This folder is about {named[0]}; this campaign is about {named[1]}."
    if not anyone_signed(site.db(), site.live.slug):
        click.echo(f"Note: {words} No one has signed yet.")
        return
    raise click.ClickException(
        f"{words} People have signed for the current bill, so nothing was imported. Begin "
        f"another campaign instead: flask campaign begin {typed(folder)}"
    )


def _refuse_problems(site: Services, live: LiveFiles, changed: dict[str, str]) -> None:
    """Refuse texts that cannot be read or must be fixed, with file, line and advice."""
    try:
        campaign = read_campaign(site.live.slug, {**live.files, **changed})
    except CampaignError as error:
        raise click.ClickException(f"Nothing was imported. Fix these:\n{error}") from None
    every = tuple(campaign.templates.values())
    letters = {name.partition(".")[0] for name in changed if name.endswith(".txt")}
    only = [t for t in every if t.id in letters]
    templates = only if letters and all(n.endswith(".txt") for n in changed) else every
    must = [p for p in check_campaign(campaign, site.tables.holders, templates=templates).problems
            if p.level == "must"]  # fmt: skip
    if must:
        lines = "\n".join(str(problem) for problem in must)
        raise click.ClickException(f"Nothing was imported. Fix these:\n{lines}")


@letters_cli.command("card", cls=CampaignCommand)
@click.option("--out", type=NEW_FOLDER, default=STATIC,
              help="The folder to write to. Default: the site’s static files.")  # fmt: skip
def card_command(out: Path) -> None:
    """Make the preview image that other sites show with a link, in English and Spanish.

    It shows the campaign's title, so run it again when the title changes.

    \b
    Example:
      flask letters card
    """
    from app.documents.printables import CardWords, to_card  # only this command typesets

    campaign = live_campaign(load_settings())
    out.mkdir(parents=True, exist_ok=True)
    for lang, (heading, small) in CARD_WORDS.items():
        title = said(campaign, "title", lang)
        picture = to_card(CardWords(lang, heading, title, small))
        if len(picture) > LARGEST_CARD:
            raise click.ClickException(
                f"The image has {len(picture):,} bytes; at most "
                f"{LARGEST_CARD:,} are allowed. Shorten the campaign’s "
                "title."
            )
        (out / card_name(lang)).write_bytes(picture)
        click.echo(f"{out / card_name(lang)}: {len(picture):,} bytes")
