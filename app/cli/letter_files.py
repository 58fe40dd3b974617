"""``flask letters export`` and ``import``: the live texts as files, and files as live texts."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click
from flask.cli import with_appcontext

from app.campaign import CampaignError, check_campaign, edit, read_campaign, read_files
from app.campaign.campaign_file import FILE
from app.campaign.text_changes import changes
from app.cli.plain import CampaignCommand
from app.records.audit import COMMAND_LINE
from app.records.counts import anybody_signed
from app.records.workshop import CampaignMoved, LiveFiles, publish_texts, states
from app.site.services import Services, services


@click.command("export", cls=CampaignCommand)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write. Default: the campaign’s own folder under letters/.",
)
@click.option("--yes", is_flag=True, help="Replace files that differ without asking.")
@with_appcontext
def export_command(out: Path | None, yes: bool) -> None:
    """Write the live texts to files, byte for byte as they were published.

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
        click.echo(f"These files in {folder} differ from what is live and would be replaced:")
        for name in other:
            click.echo(f"  {name}")
        click.confirm("Replace them?", abort=True)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sorted(files.items()):
        if there.get(name) != text.encode("utf-8"):
            _write(folder / name, text.encode("utf-8"))
            click.echo(f"  {name}: written")
    for name, state in sorted(states(site.db(), site.live.slug).items()):
        if state.retired and name in there:
            click.echo(f"  {name}: retired here; the file is left as it is")
    click.echo(f"{len(files)} files of {site.live.slug} are in {folder}.")


@click.command("import", cls=CampaignCommand)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Publish without asking.")
@with_appcontext
def import_command(folder: Path, yes: bool) -> None:
    """Publish the texts in FOLDER: residents see them at once, drafts stay as they are.

    Shows what would change and asks first. Texts that must be put right are refused. A live
    text that is not in FOLDER stays live.

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
        click.echo("Nothing differs from what is live.")
        return
    _refuse_another_bill(site, live, changed, folder)
    _refuse_faults(site, live, changed)
    if not yes:
        click.confirm("Publish this?", abort=True)
    answer = publish_texts(
        site.db(), site.live.slug, changed, folder=site.live.folder, seen=live.counter,
        by=COMMAND_LINE, at=datetime.now(UTC), note=f"Imported from {folder.name}",
    )  # fmt: skip
    if isinstance(answer, CampaignMoved):
        raise click.ClickException(
            "Something else was published meanwhile, so nothing was done. Run this again."
        )
    number = len(answer.versions)
    click.echo("1 text is live now." if number == 1 else f"{number} texts are live now.")


def _existing(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        return {}
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a full disk leaves the file as it was."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _texts(folder: Path) -> dict[str, str]:
    try:
        texts = read_files(folder)
    except CampaignError as error:
        raise click.ClickException(f"Nothing was imported.\n{error}") from None
    if not texts:
        raise click.ClickException(f"There is no campaign.toml and no letter in {folder}.")
    return texts


def _in_words(old: str | None, new: str) -> str:
    if old is None:
        return "new"
    found = changes(old.replace("\r\n", "\n"), new.replace("\r\n", "\n"))
    added = sum(1 for change in found if change.kind in ("new", "changed"))
    gone = sum(1 for change in found if change.kind == "old")
    places = added + gone
    return f"changed in {places} place{'' if places == 1 else 's'}" if places else "line ends only"


def _refuse_another_campaign(site: Services, folder: Path) -> None:
    """Stop at the folder of another campaign of this site, also where both have one bill."""
    other = folder.resolve().name
    known = {one.slug for one in site.campaigns}
    known |= {path.parent.name for path in site.settings.letters.glob("*/campaign.toml")}
    if other == site.slug or other not in known:
        return
    here = any(one.slug == other for one in site.campaigns)
    way = f"flask letters import --campaign {other} …" if here else f"flask campaign begin {folder}"
    raise click.ClickException(
        f"This is the folder of another campaign, {other!r}; this one is {site.slug!r}. Nothing "
        f"was imported. What you may want: {way}"
    )


def _refuse_another_bill(
    site: Services, live: LiveFiles, changed: dict[str, str], folder: Path
) -> None:
    """Stop at the folder of another campaign: what was signed here is about this one's bill."""
    try:
        theirs = read_campaign(site.live.slug, {**live.files, **changed})
    except CampaignError:
        return  # told with every other fault
    ours = site.campaign
    paths = edit.fixed_changes(live.files[FILE], changed.get(FILE, live.files[FILE]))
    if not paths:
        return
    named = [", ".join(f"{b.number} of Congress {b.congress}" for b in one.bills.values()
                       if b.number) or one.title for one in (theirs, ours)]  # fmt: skip
    words = f"This folder is about {named[0]}; this campaign is about {named[1]}."
    if not anybody_signed(site.db(), site.live.slug):
        click.echo(f"Note: {words} Nobody has signed yet.")
        return
    raise click.ClickException(
        f"{words} People have signed for the bill as it is, so nothing was imported. Begin another "
        f"campaign with it: flask campaign begin {folder}"
    )


def _refuse_faults(site: Services, live: LiveFiles, changed: dict[str, str]) -> None:
    """Stop at what cannot be read or must be put right, with file, line and advice."""
    try:
        campaign = read_campaign(site.live.slug, {**live.files, **changed})
    except CampaignError as error:
        raise click.ClickException(
            f"Nothing was imported. Put these right first:\n{error}"
        ) from None
    every = tuple(campaign.templates.values())
    letters = {name.partition(".")[0] for name in changed if name.endswith(".txt")}
    only = [t for t in every if t.id in letters]
    templates = only if letters and all(n.endswith(".txt") for n in changed) else every
    must = [p for p in check_campaign(campaign, site.tables, templates=templates).problems
            if p.level == "must"]  # fmt: skip
    if must:
        lines = "\n".join(str(problem) for problem in must)
        raise click.ClickException(f"Nothing was imported. Put these right first:\n{lines}")
