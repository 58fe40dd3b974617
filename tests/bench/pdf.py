"""The cost of a letter's PDF, against WeasyPrint making the same tagged page from HTML.

Both make a PDF/UA-1 file with the same font, and every letter has a different text, so no cache
helps. They take turns in one run. Memory is the peak of a process that only makes a batch of 1,000
letters.
"""

from __future__ import annotations

import html
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.documents.letter import Addressed, PostalLetter, postal
from app.documents.pdf import to_pdf
from app.documents.typesetting import font_folders
from tests.documents.factory import BODY, letter, writer

ROUNDS = 5
BATCH = 200
"""Letters in each round's batch; all rounds make 1,000."""
SINGLES = 20
OTHERS = 6
MISSING = (
    "WeasyPrint cannot be used here ({}), so there is no ratio.\n"
    "  Install it with:  pip install -r tests/bench/requirements.txt\n"
    "  and on Debian:    apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
)
STYLE = """
@font-face { font-family: Letter; src: url("file://FONT"); }
@page { size: letter; margin: 1in; }
body { font: 11pt/1.3 Letter, serif; }
article { break-after: page; }
h1 { font-size: 11pt; margin: 2em 0 1em; }
address { font-style: normal; margin: 1em 0; }
footer { break-inside: avoid; } footer p + p { margin-top: 44pt; }
"""


def one(number: int) -> Addressed:
    """The ``number``-th letter: about 1,500 characters, unlike any other."""
    story = (
        f"My neighbor at number {number} stopped driving her son to practice after the sheriff "
        "signed the agreement. She is a citizen, and she is still afraid of a traffic stop. We "
        f"carpool now, {number % 7 + 2} families, and we talk about who will answer if police come "
        "to the door. I want our deputies to know our street, and our street to trust them."
    )
    text = (*BODY[:2], story, *(f"{paragraph} ({number})" for paragraph in BODY[2:]))
    person = writer(last=f"O'Dell-{number}", street=f"{number} Larkspur Court")
    return Addressed(letter(body=text), person)


def as_html(pages: list[PostalLetter]) -> str:
    """The same letters as the simplest HTML with their structure."""

    def lines(of: tuple[str, ...]) -> str:
        return "<br>".join(map(html.escape, of))

    articles = "".join(
        f"<article><address>{lines(page.return_address)}</address><p>{page.date}</p>"
        f"<address>{lines(page.inside_address)}</address><h1>{html.escape(page.subject)}</h1>"
        f"<p>{html.escape(page.salutation)}</p>"
        + "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in page.paragraphs)
        + f"<footer><p>{page.closing}</p><p>{html.escape(page.name)}</p></footer></article>"
        for page in pages
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>Letter to Congress</title></head><body>{articles}</body></html>"
    )


def weasyprint_maker() -> Callable[[list[Addressed]], bytes] | str:
    """A maker with WeasyPrint's fonts and style prepared once, or why it cannot be used."""
    try:
        from weasyprint import CSS, HTML
        from weasyprint.text.fonts import FontConfiguration
    except (ImportError, OSError) as error:
        return str(error).split("\n", maxsplit=1)[0]
    font = next(font_folders()[0].rglob("SourceSerif4[[]opsz*.ttf"))
    config = FontConfiguration()
    css = CSS(string=STYLE.replace("FONT", str(font)), font_config=config)

    def make(letters: list[Addressed]) -> bytes:
        pages = [postal(item.letter, item.writer, item.office) for item in letters]
        document: Any = HTML(string=as_html(pages))
        pdf = document.write_pdf(stylesheets=[css], font_config=config, pdf_variant="pdf/ua-1")
        assert isinstance(pdf, bytes)
        return pdf

    return make


def timed(work: Callable[[], object], letters: int) -> float:
    """Milliseconds for each of ``letters``."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000 / letters


def peak_of_a_batch() -> int:
    """The peak memory, in megabytes, of a fresh process that makes 1,000 letters."""
    command = [sys.executable, "-m", "tests.bench.pdf", "--batch", "1000"]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def batch_of(letters: list[Addressed]) -> list[bytes]:
    """Letters in PDFs of fifty each."""
    return [to_pdf(letters[start : start + 50]) for start in range(0, len(letters), 50)]


def make_batch(count: int) -> None:
    for start in range(0, count, 50):
        assert batch_of([one(number) for number in range(start, start + 50)])
    print(peak_memory())


def peak_memory() -> int:
    """This process's peak in megabytes. On Linux getrusage includes the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 * 1024)


def main() -> None:
    other = weasyprint_maker()
    numbers = iter(range(1_000_000))

    def some(count: int) -> list[Addressed]:
        return [one(next(numbers)) for _ in range(count)]

    singles: list[float] = []
    batches: list[float] = []
    theirs: list[float] = []
    theirs_together: list[float] = []
    to_pdf(some(1))
    if not isinstance(other, str):
        other(some(1))
    for _ in range(ROUNDS):
        letters = some(BATCH)
        batches.append(timed(lambda chosen=letters: batch_of(chosen), BATCH))  # type: ignore[misc]
        letters = some(SINGLES)
        singles.append(timed(lambda chosen=letters: [to_pdf([x]) for x in chosen], SINGLES))  # type: ignore[misc]
        if not isinstance(other, str):
            letters = some(OTHERS)
            theirs.append(timed(lambda chosen=letters: [other([x]) for x in chosen], OTHERS))  # type: ignore[misc]
            letters = some(OTHERS)
            theirs_together.append(timed(lambda chosen=letters: other(chosen), OTHERS))  # type: ignore[misc]
    print(f"PDF for a letter, {ROUNDS} rounds in turn, medians")
    print(f"  one by one                      {statistics.median(singles):8.1f} ms")
    print(f"  in a batch of {ROUNDS * BATCH:,}             {statistics.median(batches):8.1f} ms")
    if isinstance(other, str):
        print("  " + MISSING.format(other))
    else:
        print(f"  WeasyPrint, one by one          {statistics.median(theirs):8.1f} ms")
        print(
            f"  WeasyPrint, {OTHERS} in one file       {statistics.median(theirs_together):8.1f} ms"
        )
        for name, ours, against in (
            ("one by one", singles, theirs),
            ("batch against one by one (goal: 15)", batches, theirs),
            (f"batch against {OTHERS} in one file", batches, theirs_together),
        ):
            ratios = sorted(b / a for a, b in zip(ours, against, strict=True))
            print(
                f"  times faster, {name:<37}{statistics.median(ratios):6.1f}"
                f"  (rounds {ratios[0]:.1f} to {ratios[-1]:.1f})"
            )
    print(f"  peak memory of 1,000 (goal: under 200)  {peak_of_a_batch():4d} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--batch"]:
        make_batch(int(sys.argv[2]))
    else:
        main()
