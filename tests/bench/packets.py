"""The cost of 10,000 letters as packets for delivery by hand, from the sealed file to the PDFs.

The letters are composed from the campaign's own templates with a different story for each person,
sealed as the site seals them, and made into packets by the command's own functions. The goals: at
most 3 ms a letter, and constant memory.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from app.campaign.compose import body_text, compose
from app.campaign.entities import Campaign, Writer
from app.campaign.load import load_campaign
from app.congress.tables import Tables, load_tables
from app.delivery.packets import PacketLetters, Sender, write_packets
from app.delivery.writer_rows import WriterRow
from app.records.keys import OpenKey, make_key, unlock
from app.records.sealing import KIND, VERSION, OpenedRow, open_sealed_file, pack, seal
from tests.bench.pdf import peak_memory
from tests.bench.people import STORY

LETTERS = 10_000
DAY = date(2026, 11, 20)
PASSPHRASE = "four random words here"
TEMPLATES = ("general", "local-budget", "public-safety", "faith-and-community")
PLACES = (
    ("IL", 5, "Chicago", "60618"), ("IL", 7, "Oak Park", "60302"), ("IL", 1, "Joliet", "60433"),
    ("IL", 13, "Springfield", "62703"), ("IL", 17, "Peoria", "61603"),
)  # fmt: skip
ROOT = Path(__file__).resolve().parent.parent.parent


def details(number: int, campaign: Campaign, tables: Tables) -> dict[str, object]:
    """The ``number``-th person as the site seals them: three letters in final words."""
    state, district, city, zip5 = PLACES[number % len(PLACES)]
    delegation = tables.delegation(state, district)
    template = campaign.template(TEMPLATES[number % len(TEMPLATES)])
    assert delegation
    assert template
    story = f"I live at number {number}, and I have for {number % 40 + 2} years. {STORY}"
    writer = Writer(first="Imani", last=f"Reyes-{number}", street=f"{number} Heron St",
                    city=city, state=state, zip=zip5)  # fmt: skip
    letters = [
        compose(campaign, template, holder, writer=writer, district_place=delegation,
                story=story, today=DAY)
        for holder in delegation.recipients
    ]  # fmt: skip
    return {
        "prefix": "", "first": writer.first, "last": writer.last, "street": writer.street,
        "street2": "", "city": city, "state": state, "zip": zip5, "email": "", "phone": "",
        "district": str(district), "home_state": state, "home_zip": zip5,
        "template": template.id, "length": "full", "story": story,
        "letters": {letter.holder.seat.id: body_text(letter) for letter in letters},
    }  # fmt: skip


def sealed_file(path: Path, letters: int, campaign: Campaign, tables: Tables) -> OpenKey:
    """Write a sealed export for so many letters; returns the key that opens it."""
    key = make_key(path.parent / "keys", PASSPHRASE, today=DAY, strength="interactive")
    private = unlock(next((path.parent / "keys").glob("*.private.json")), PASSPHRASE)
    people = -(-letters // 3)
    with path.open("w", encoding="ascii") as file:
        file.write(
            json.dumps({"kind": KIND, "version": VERSION, "campaign": "protect-immigration-act"})
            + "\n"
        )
        for number in range(1, people + 1):
            box = seal(key.public, pack(number, "packet", details(number, campaign, tables)))
            line = {"signature": number, "purpose": "packet", "key": key.id,
                    "day": DAY.isoformat(), "box": base64.b64encode(box).decode()}  # fmt: skip
            file.write(json.dumps(line) + "\n")
        file.write(json.dumps({"end": True, "rows": people}) + "\n")
    return private


def make(path: Path, key_file: Path, out: Path) -> None:
    """Make the packets in this process and print letters, seconds, files, bytes and peak MB."""
    campaign, tables = load_campaign(ROOT / "letters" / "protect-immigration-act"), load_tables()
    known = json.loads(key_file.read_text())
    key = OpenKey(known["id"], bytes.fromhex(known["private"]))
    begin, work = time.perf_counter(), time.process_time()
    with PacketLetters(campaign, tables, now=DAY, template="general") as letters:
        rows = (WriterRow.opened(row.signature, row.details, row.day)
                for row in open_sealed_file(path, [key]) if isinstance(row, OpenedRow))  # fmt: skip
        for _row in letters.read(rows):
            pass
        read = time.perf_counter()
        made = files = 0
        for step in write_packets(letters, out, Sender("Neighbors", "", DAY)):
            made, files = step.letters, step.files
    end = time.perf_counter()
    size = sum(file.stat().st_size for file in out.iterdir())
    print(json.dumps({
        "letters": made, "files": files, "bytes": size, "reading": read - begin,
        "setting": end - read, "peak": peak_memory(),
        "work": time.process_time() - work,
    }))  # fmt: skip


def measured(letters: int) -> dict[str, float]:
    """What ``letters`` letters take in a process that does nothing else."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "sealed.jsonl"
        key = sealed_file(path, letters, load_campaign(
            ROOT / "letters" / "protect-immigration-act"), load_tables())  # fmt: skip
        key_file = folder / "key.json"
        key_file.touch(mode=0o600)
        key_file.write_text(json.dumps({"id": key.id, "private": key.private.hex()}))
        command = [sys.executable, "-m", "tests.bench.packets", "--make", str(path),
                   str(key_file), str(folder / "out")]  # fmt: skip
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found: dict[str, float] = json.loads(done.stdout)
        return found


def main() -> None:
    few, many = measured(LETTERS // 10), measured(LETTERS)
    print(f"Packets of {many['letters']:,.0f} letters, from the sealed file to "
          f"{many['files']:.0f} PDFs of {many['bytes'] / 1e6:.0f} MB")  # fmt: skip
    each = (many["reading"] + many["setting"]) * 1000 / many["letters"]
    print(f"  opening, looking up, sorting         {many['reading']:8.1f} s")
    print(f"  composing and setting                {many['setting']:8.1f} s")
    work = many["work"] * 1000 / many["letters"]
    print(f"  a letter, all told (goal: 3.0)       {each:8.2f} ms"
          f"  ({work:.2f} ms of them on a processor)")  # fmt: skip
    print(f"  peak memory                          {many['peak']:8.0f} MB"
          f"  (of {few['letters']:,.0f} letters: {few['peak']:.0f} MB)")  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        make(*map(Path, sys.argv[2:5]))
    else:
        main()
