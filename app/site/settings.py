"""An operator's settings, all derived from one table.

Each field of ``Settings`` declares its type, range, default and one sentence of help. From these
come the parsers for ``instance/settings.toml`` and the environment (``DEAR_CONGRESS_`` and the
name in capitals, which takes precedence), every message about a bad value, ``flask settings`` and
``docs/settings.md``. The packages below this one take plain values.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import secrets
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import date
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from app.errors import ExplainedError
from app.files import why_unusable, write_file, wrong_owner
from app.text import Email, read_email

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "DEAR_CONGRESS_"
ALIASES = {"REDIS_URL": "redis_url", "HOST": "host", "PORT": "port", "WORKERS": "workers"}
"""Environment variables shared with other programs; the prefixed name takes precedence."""
HERE = ("localhost", "127.0.0.1", "::1")
"""Names of this machine; traffic to them stays on it."""
SHORTEST_SECRET = 32
"""Characters of a secret."""
LONGEST = 500
"""Characters of any text."""
KEY_FILES = ("secret.key", "person.key")
"""In the instance folder. Made once, before the database; never next to an existing one."""


class SettingsError(ExplainedError):
    """Settings cannot be used. ``problems`` has a sentence for each mistake."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _UnfitError(Exception):
    """A value that a setting does not accept; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class SettingRule:
    """One row of the table."""

    help: str
    kind: str
    """What it accepts, in words: ``a whole number from 5 to 1440``."""
    read: Callable[[object], Any]
    """Parses the value from the file or the environment. Raises ``_UnfitError``."""
    secret: bool = False
    """Never shown, not even in a message about a bad value."""


_Declared = Callable[..., Any]


def _setting(default: Any, rule: SettingRule) -> Any:
    return field(default=default, repr=not rule.secret, metadata={"rule": rule})


def _parse_line(value: object) -> str:
    if not isinstance(value, str):
        raise _UnfitError('Write text in quotes, like "…".')
    if len(value) > LONGEST or not value.isprintable():
        raise _UnfitError(f"Write one line of at most {LONGEST} characters.")
    return value.strip()


def _line_setting(
    kind: str, otherwise: str = "", fits: Callable[[str], object] = bool
) -> _Declared:
    """Make the declaration function of a one-line setting: empty, or a line that ``fits``."""

    def read(value: object) -> str:
        text = _parse_line(value)
        if text and not fits(text):
            raise _UnfitError(otherwise)
        return text

    def declared(default: str, help: str, *, secret: bool = False) -> Any:
        return _setting(default, SettingRule(help, kind, read, secret))

    return declared


_text = _line_setting("words")


def _flag(default: bool, help: str) -> Any:
    def read(value: object) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            text = value.strip().lower()
            if text in ("1", "true", "yes", "on"):
                return True
            if text in ("0", "false", "no", "off", ""):
                return False
        raise _UnfitError("Write true or false.")

    return _setting(default, SettingRule(help, "true or false", read))


def _whole(default: int, least: int, most: int, help: str) -> Any:
    kind = f"a whole number from {least} to {most}"

    def read(value: object) -> int:
        number = value
        if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,9}\s*", value, re.ASCII):
            number = int(value)
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise _UnfitError(f"Write {kind}.")
        return number

    return _setting(default, SettingRule(help, kind, read))


def _seconds(default: float, least: float, most: float, help: str) -> Any:
    kind = f"seconds, from {least:g} to {most:g}"

    def read(value: object) -> float:
        try:
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise ValueError
            number = float(value)
        except ValueError:
            number = float("nan")
        if not least <= number <= most:
            raise _UnfitError(f"Write {kind}.")
        return number

    return _setting(default, SettingRule(help, kind, read))


def _choice(default: str, choices: tuple[str, ...], help: str) -> Any:
    kind = f"{', '.join(choices[:-1])} or {choices[-1]}"

    def read(value: object) -> str:
        if not isinstance(value, str) or value.strip() not in choices:
            raise _UnfitError(f"Write {kind}.")
        return value.strip()

    return _setting(default, SettingRule(help, kind, read))


def _expand(text: str) -> Path:
    """A path with ``~`` or ``~user`` replaced. Raises ``_UnfitError`` for an unknown user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise _UnfitError("Write the folder's full path: it begins with an unknown user.") from None


def _folder(default: Path, help: str) -> Any:
    def read(value: object) -> Path:
        if isinstance(value, Path):
            return value
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise _UnfitError("Write a folder's path.")
        return _expand(value)

    return _setting(default, SettingRule(help, "a folder", read))


def _is_host(text: str) -> bool:
    """Whether a name can be looked up: no part of it is empty or over 63 characters."""
    try:
        return bool(text.encode("idna"))
    except UnicodeError:
        return False


def _parse_web_address(value: object, *, path: bool) -> str:
    """Parse a web address or an empty value; without a path unless ``path``."""
    text = _parse_line(value)
    if not text:
        return ""
    if "://" not in text:
        name = text.split("/")[0]
        raise _UnfitError(f"Write it with https:// in front, like https://{name}.")
    try:
        parts = urlsplit(text)
        sound = bool(re.fullmatch(r"[\w.-]+|[0-9a-f:]+", parts.hostname or ""))
        sound = sound and _is_host(parts.hostname or "") and not parts.username
        sound = sound and parts.port != 0  # reading a bad port raises
    except ValueError:
        raise _UnfitError("Write it like https://letters.example.org.") from None
    if parts.scheme not in ("http", "https") or not sound or re.search(r"\s", text):
        raise _UnfitError("Write it like https://letters.example.org.")
    if not path and (parts.path.strip("/") or parts.query or parts.fragment):
        raise _UnfitError(
            f"Write it without a path: {parts.scheme}://{parts.netloc}. The site needs a host "
            "name of its own."
        )
    return text if path else text.rstrip("/")


def _address(default: str, help: str, *, path: bool = False) -> Any:
    kind = "a web address" + ("" if path else " without a path")
    return _setting(
        default, SettingRule(help, kind, lambda value: _parse_web_address(value, path=path))
    )


def _is_host_and_port(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(
        host and _is_host(host) and re.fullmatch("[0-9]{1,5}", port) and 0 < int(port) < 65536
    )


_mailbox = _line_setting(
    "an email address", "Write one email address, like letters@example.org.",
    lambda text: read_email(text) == Email(text, text),
)  # fmt: skip
_host = _line_setting(
    "a host name or an IP address", "Write a host name, like mail.example.org.", _is_host
)
_listening = _line_setting(
    "an address and a port", "Write an address and a port, like 127.0.0.1:9464.", _is_host_and_port
)
_elsewhere = _line_setting(
    "a folder’s full path or s3://bucket/folder",
    "Write a folder's full path, or s3://bucket/folder.",
    lambda text: text.startswith("s3://") or _expand(text).is_absolute(),
)
_copies = _line_setting("a folder", fits=_expand)


def _redis(default: str, help: str) -> Any:
    def read(value: object) -> str:
        text = _parse_line(value)
        if text and not text.startswith(("redis://", "rediss://", "unix://", "redis+unix://")):
            raise _UnfitError("Write an address that begins with redis://, or leave it empty.")
        if text and find_spec("redis") is None:
            raise _UnfitError(
                "The Redis client is not installed. Run: .venv/bin/pip install --require-hashes "
                "-r deploy/redis.lock"
            )
        return text

    return _setting(default, SettingRule(help, "the address of a Redis server", read, secret=True))


def _day(default: str, help: str) -> Any:
    def read(value: object) -> str:
        text = value.isoformat() if type(value) is date else value
        try:
            if not isinstance(text, str) or (text.strip() and len(text.strip()) != 10):
                raise ValueError
            return date.fromisoformat(text.strip()).isoformat() if text.strip() else ""
        except ValueError:
            raise _UnfitError('Write a date like "2027-01-04", or leave it out.') from None

    return _setting(default, SettingRule(help, "a day", read))


def _networks(default: str, help: str) -> Any:
    def read(value: object) -> str:
        text = _parse_line(value)
        for name in filter(None, (part.strip() for part in text.split(","))):
            try:
                ipaddress.ip_network(name, strict=False)
            except ValueError:
                raise _UnfitError(
                    f'"{name[:40]}" is not a network. Write networks like '
                    "192.0.2.0/24, 2001:db8::/48."
                ) from None
        return text

    return _setting(default, SettingRule(help, "networks", read))


def _key(help: str) -> Any:
    def read(value: object) -> bytes:
        text = value.decode("ascii", "replace") if isinstance(value, bytes) else _parse_line(value)
        # A secret that the operator chose must be strong. Empty means: make one.
        if value and (len(text) < SHORTEST_SECRET or len(set(text)) < 8):
            raise _UnfitError(
                "It is too short or too simple to be a secret. Leave it out and the site makes "
                "one, or use the output of: openssl rand -hex 32"
            )
        return text.encode()

    return _setting(b"", SettingRule(help, "a secret", read, secret=True))


@dataclass(frozen=True)
class Settings:
    """One site's settings. Every default is safe for an unconfigured site."""

    instance: Path = _folder(
        ROOT / "instance",
        "The folder of the site’s own data: database, keys, outbox. Set in the environment only.",
    )
    letters: Path = _folder(ROOT / "letters", "The folder that holds the campaigns.")
    campaign: str = _text(
        "protect-immigration-act",
        "The site’s first campaign, named by its folder in `letters`. It is on the start page "
        "until an organizer chooses another one.",
    )
    group_name: str = _text("Dear Congress", "Who runs the site.")
    contact: str = _text(
        "",
        "An email or web address where residents can reach you, shown in the footer of every page.",
    )
    legal_name: str = _text(
        "", "The legal name of who runs the site, for the terms page and the footer of every page."
    )
    postal_address: str = _text("", "Their postal address, in one line.")
    paid_for_by: str = _text(
        "", "Who pays, where the law requires it; the footer then says “Paid for by” and this."
    )
    site_url: str = _address(
        "",
        "The public address, like https://letters.example.org. Turns on host checking and "
        "HTTPS-only headers. Needed for mail and for QR codes on paper.",
    )
    host: str = _host("127.0.0.1", "The address to listen on; `::1` or `::` for IPv6. Also HOST.")
    port: int = _whole(8000, 1, 65535, "The port to listen on. Also PORT.")
    workers: int = _whole(2, 1, 64, "The number of processes that serve pages. Also WORKERS.")
    metrics: str = _listening(
        "",
        "Where to serve metrics for Prometheus, like 127.0.0.1:9464. They name no one, but are "
        "not for the public. Empty serves none.",
    )
    trusted_proxies: int = _whole(
        0,
        0,
        5,
        "How many of your own reverse proxies are in front of the site. 0 trusts no header.",
    )
    street_lookup: bool = _flag(
        True,
        "Whether residents may send a street address to the Census geocoder, with a button that "
        "says so.",
    )
    congress_source: str = _address(
        "https://unitedstates.github.io/congress-legislators/",
        "Where `flask congress refresh` gets the lists of members.",
        path=True,
    )
    lines_source: str = _address(
        "",
        "Where `flask congress refresh` gets plans_120.csv and zip_people_120.csv, the coming "
        "district lines, if they are newer. Empty fetches none.",
        path=True,
    )
    congress_refresh: bool = _flag(
        False,
        "Whether the site fetches the lists of members once a day, as `flask congress refresh` "
        "does.",
    )
    bill_status_url: str = _address(
        "https://www.govinfo.gov/bulkdata/BILLSTATUS",
        "Where to get the official status files of bills, for the list of cosponsors.",
        path=True,
    )
    geocoder_provider: str = _text("census", "The provider in the geocoder package.")
    geocoder_url: str = _address(
        "https://geocoding.geo.census.gov/geocoder/geographies/onelineaddress",
        "The address of the geocoder.",
        path=True,
    )
    geocoder_vintage: str = _text(
        "ACS2025_Current",
        "The Census Bureau’s name for the lines of the 119th Congress; each reply is checked to "
        "use them.",
    )
    geocoder_new_vintage: str = _text(
        "ACS2026_Current", "The same for the lines of the 120th, in the states that have new ones."
    )
    geocoder_timeout: float = _seconds(
        5.0, 0.05, 30, "For a whole lookup; a second try starts when the first has failed."
    )
    form_minutes: int = _whole(
        60,
        5,
        1440,
        "How long a form can be open. After that it comes back, filled in, to be sent again.",
    )
    form_seconds: int = _whole(
        4, 0, 60, "A signature sooner than this after the first form is held for an organizer."
    )
    confirm_email: bool = _flag(
        False,
        "Count a signature only after the button in a mailed link was pressed; a campaign’s own "
        "confirm_email overrides this.",
    )
    proof_of_work: int = _whole(
        0,
        0,
        22,
        "Bits of a small calculation that a browser does before signing (16: about a second on "
        "a cheap phone); a signature without it is held for an organizer. 0 turns it off.",
    )
    limits: bool = _flag(True, "Limits per visitor and network; turn off only for measurements.")
    limits_url: str = _redis("", "A Redis server that counts the limits; empty uses a file.")
    raised_networks: str = _networks(
        "", "Networks, like a library’s, with limits twenty times as high."
    )
    today: str = _day("", "For rehearsals only: pretend that it is noon on this day.")
    keep_towns: bool = _flag(
        False, "Keep the town of each signature for the offices’ day sheets; residents are told."
    )
    keep_sealed_days: int = _whole(
        90,
        0,
        3650,
        "Days until sealed details are deleted, from the end of the campaign’s Congress or from "
        "signing, whichever is later.",
    )
    keep_letters_days: int = _whole(
        90, 0, 3650, "The same for the text of letters that people keep with their receipt."
    )
    keep_audit_days: int = _whole(730, 30, 3650, "Days to keep the audit trail.")
    keep_mail_days: int = _whole(7, 1, 365, "Days to keep the state of an email message.")
    keep_log_days: int = _whole(14, 1, 365, "Days to keep the files in instance/log/.")
    backup_folder: str = _copies(
        "", "The folder for the daily copy (`flask backup now`); empty makes none."
    )
    keep_backup_days: int = _whole(
        30, 1, 365, "Days to keep copies; the privacy page tells residents."
    )
    stream_to: str = _elsewhere(
        "", "Where Litestream sends every change within a second; empty for nowhere."
    )
    stream_endpoint: str = _address(
        "", "The address of an S3-compatible service other than Amazon’s.", path=True
    )
    stream_key_id: str = _text("", "The ID of the access key for that service.")
    stream_secret: str = _text("", "The secret of that access key.", secret=True)
    mail_server: str = _host(
        "", "The mail server’s host name; empty writes mail to files in instance/outbox/."
    )
    mail_port: int = _whole(587, 1, 65535, "587, 465 or 25.")
    mail_tls: Literal["starttls", "tls", "none"] = _choice(
        "starttls", ("starttls", "tls", "none"), "`none` only for a server on this machine."
    )
    mail_username: str = _text("", "The user name at the mail server.")
    mail_password: str = _text("", "The password at the mail server.", secret=True)
    mail_from: str = _mailbox(
        "", "The sender’s address, like letters@example.org. Required with a mail server."
    )
    mail_timeout: float = _seconds(15.0, 0.05, 30, "For each step before a message is sent.")
    mail_data_timeout: float = _seconds(
        120.0, 0.05, 300, "How long to wait for the server to confirm a message."
    )
    mail_per_address_a_day: int = _whole(10, 1, 1000, "Messages to one address per day.")
    mail_workers: int = _whole(2, 1, 16, "Messages to send at the same time.")
    redis_url: str = _redis(
        "", "A Redis server for the mail queue; empty uses a file. Also REDIS_URL."
    )
    cwc_mode: Literal["off", "test", "production"] = _choice(
        "off", ("off", "test", "production"), "The offices’ own delivery systems."
    )
    cwc_house_key: str = _text("", "The key you got from the House.", secret=True)
    cwc_senate_key: str = _text("", "The key you got from the Senate.", secret=True)
    cwc_house_url: str = _address(
        "", "A different address for the House’s system; empty uses its own."
    )
    cwc_senate_url: str = _address("", "The same for the Senate’s.")
    cwc_per_minute: int = _whole(300, 1, 6000, "Letters per minute to all offices together.")
    cwc_per_office_per_minute: int = _whole(30, 1, 6000, "Letters per minute to one office.")
    cwc_agent: str = _text("", "The delivery agent’s exact name on the access application.")
    cwc_ack_email: str = _mailbox("", "Where the offices’ systems send acknowledgments.")
    cwc_contact_name: str = _text("", "The person whom offices can contact.")
    cwc_contact_email: str = _mailbox("", "Their email address.")
    cwc_contact_phone: str = _text("", "Their phone number, like 202-555-0123.")
    cwc_organization_about: str = _text("", "A sentence about the group, for the offices.")
    secret_key: bytes = _key(
        "Signs forms and seals mail. Leave it out, and the site makes `secret.key`."
    )
    person_key: bytes = _key("Tells people apart. Leave it out, and the site makes `person.key`.")

    @property
    def address(self) -> str:
        """The base of links: ``site_url``, or the site's address on this machine."""
        return self.site_url or f"http://localhost:{self.port}"

    @cached_property
    def database(self) -> Path:
        return self.instance / "dear-congress.db"

    @property
    def keys(self) -> Path:
        """The folder of the campaign's key files."""
        return self.instance / "keys"

    @property
    def own_keys(self) -> dict[str, bytes]:
        """The site's two keys by file name."""
        return {"secret.key": self.secret_key, "person.key": self.person_key}


SECTIONS = {
    "instance": "The site",
    "host": "Serving",
    "street_lookup": "Looking up a street",
    "form_minutes": "Signing",
    "keep_towns": "What is kept, and for how long",
    "backup_folder": "Copies",
    "mail_server": "Mail",
    "cwc_mode": "The offices’ own delivery systems",
    "secret_key": "Secrets",
}
"""The section that begins at each of these settings."""


def rules() -> dict[str, SettingRule]:
    """The rule of each setting, in table order."""
    return {f.name: f.metadata["rule"] for f in fields(Settings)}


def default_of(name: str) -> Any:
    """A setting's default."""
    found: Field[Any] = Settings.__dataclass_fields__[name]
    assert found.default is not MISSING
    return found.default


def shown(name: str, value: object) -> str:
    """A value as shown to the operator, in the file's notation; secrets are hidden."""
    if rules()[name].secret:
        return "(hidden)" if value else "(none)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Path):
        return str(value.relative_to(ROOT) if value.is_relative_to(ROOT) else value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def as_markdown() -> str:
    """The table for ``docs/settings.md``."""
    lines = [
        "# Settings",
        "",
        "A site runs without any. Put yours in `instance/settings.toml`, one per line "
        f'(`group_name = "Our group"`), or in environment variables with the prefix `{PREFIX}` '
        f"and in capitals (`{PREFIX}GROUP_NAME`), which override the file. `flask settings` "
        "shows the current values; `flask doctor` says what they mean for the site.",
    ]
    for name, rule in rules().items():
        if name in SECTIONS:
            lines += ["", f"## {SECTIONS[name]}", "", "| setting | may be | default | meaning |",
                      "|---|---|---|---|"]  # fmt: skip
        usual = "" if rule.secret else shown(name, default_of(name))
        lines.append(f"| `{name}` | {rule.kind} | {f'`{usual}`' if usual else ''} | {rule.help} |")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class _Written:
    """A value as written, and where the operator finds it."""

    where: str
    value: object


def _in_file(path: Path) -> Iterator[tuple[str, _Written]]:
    """The values in the settings file. Raises ``SettingsError`` if it cannot be parsed."""
    name = f"{path.parent.name}/{path.name}"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return
    except OSError as error:
        raise SettingsError(why_unusable(error, path.parent)) from None
    except UnicodeDecodeError:
        raise SettingsError(f"{name} is not plain text. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        place = f"Line {line[1]} of {name}" if line else f"The end of {name}"
        raise SettingsError(
            f"{place} cannot be read. Write one setting per line, each once, with text in "
            'straight quotes and true or false in lowercase: group_name = "Our group"'
        ) from None
    for key, value in content.items():
        yield key, _Written(f"{key} in {name}", value)


def _in_environment(env: Mapping[str, str]) -> Iterator[tuple[str, _Written]]:
    for alias, name in ALIASES.items():
        if env.get(alias):
            yield name, _Written(alias, env[alias])
    for variable, value in sorted(env.items()):
        if variable.startswith(PREFIX):
            yield variable.removeprefix(PREFIX).lower(), _Written(variable, value)


def _explain_unknown(name: str, written: _Written) -> str:
    if isinstance(written.value, dict):
        return f"[{name}]: the file cannot have sections. Write each setting with its full name."
    close = difflib.get_close_matches(name.lower(), rules(), n=1, cutoff=0.6)
    hint = f" Did you mean {close[0]}?" if close else " docs/settings.md lists them all."
    return f"{written.where} is not a setting.{hint}"


def _explain_bad(name: str, written: _Written, why: _UnfitError) -> str:
    if rules()[name].secret:
        return f"{written.where} cannot be used. {why}"
    said = "".join(c if c.isprintable() else "�" for c in str(written.value))
    said = said if len(said) <= 60 else f"{said[:60]}…"
    return f"{written.where} is {'empty' if not said else f'“{said}”'}. {why}"


def _conflicts(settings: Settings) -> Iterator[str]:
    """Problems with combinations of settings that are each valid alone."""
    if settings.mail_server and not settings.mail_from:
        yield "mail_server is set, but mail_from is not. Set it to an address of your own domain."
    if settings.mail_server and not settings.site_url:
        yield (
            "mail_server is set, but site_url is not, so links in mail would not work. Set it "
            "to the site’s public address, like https://letters.example.org."
        )
    for name in ("cwc_house_url", "cwc_senate_url"):
        address = urlsplit(getattr(settings, name))
        if address.scheme == "http" and address.hostname not in HERE:
            yield (
                f"{name} begins with http:// and is on another machine, so letters and keys "
                "would travel unencrypted. Write https://."
            )
    if settings.mail_tls == "none" and settings.mail_server not in ("", *HERE):
        yield (
            "mail_tls is none, but the mail server is on another machine, so letters would "
            "travel unencrypted. Write starttls or tls."
        )


def read_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from defaults, ``settings.toml``, the environment and ``overrides``, in that order.

    Writes nothing to disk; keys that are not set stay empty. Raises ``SettingsError`` with a
    sentence for each mistake.
    """
    env = os.environ if environ is None else environ
    given = {name: _Written(name, value) for name, value in overrides.items()}
    set_outside = {**dict(_in_environment(env)), **given}
    known, problems = {}, []
    table = rules()
    instance = set_outside.get("instance")
    try:
        folder = table["instance"].read(instance.value) if instance else default_of("instance")
        in_file = dict(_in_file(folder / "settings.toml"))
    except _UnfitError as error:
        in_file, problems = {}, [f"{instance.where if instance else 'instance'}: {error}"]
    except SettingsError as error:
        in_file, problems = {}, list(error.problems)
    if "instance" in in_file:
        problems.append(
            f"instance cannot be set in the folder itself. Set {PREFIX}INSTANCE instead."
        )
        del in_file["instance"]
    for name, written in {**in_file, **set_outside}.items():
        if name not in table:
            problems.append(_explain_unknown(name, written))
            continue
        try:
            known[name] = table[name].read(written.value)
        except _UnfitError as error:
            problems.append(_explain_bad(name, written, error))
    settings = Settings(**known)
    problems += _conflicts(settings) if not problems else ()
    if problems:
        raise SettingsError(*problems)
    return settings


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """``read_settings`` for a site that will run, with its folder (mode 0700) and its two keys.

    Both are made on first use. Keys are never made next to an existing database: with a new key
    the site would not recognize earlier signers. Root is refused on another user's folder. Raises
    ``SettingsError``.
    """
    settings = read_settings(environ, **overrides)
    try:
        settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() == 0 and (whose := wrong_owner(settings.instance)):
            raise SettingsError(whose)
        keys = {
            name.replace(".", "_"): getattr(settings, name.replace(".", "_"))
            or _read_key(settings.instance / name, settings.database)
            for name in KEY_FILES
        }
    except OSError as error:
        raise SettingsError(why_unusable(error, settings.instance)) from None
    return Settings(**{f.name: getattr(settings, f.name) for f in fields(Settings)} | keys)


def _read_key(path: Path, database: Path) -> bytes:
    """Read a key, first making it if the site has no database yet.

    If several workers start at once, one makes it and the others read it.
    """
    if not path.exists():
        if database.exists() or database.with_suffix(".id").exists():
            raise SettingsError(
                f"{path.name} is missing next to the database in {path.parent}. Restore it from "
                "a backup, because without it earlier signers and receipts are not recognized. "
                "If it is lost for good, run: flask adopt"
            )
        make_key(path)
    try:
        value = _text_of_key(path.read_bytes())
    except UnicodeError:
        raise SettingsError(
            f"{path} is not a key as this site makes one. Restore it from a backup, because "
            "without it earlier signers and receipts are not recognized."
        ) from None
    if len(value) < SHORTEST_SECRET:
        raise SettingsError(
            f"{path} is too short to be a secret. Restore it from a backup, because without it "
            "earlier signers and receipts are not recognized."
        )
    return value.encode()


def _text_of_key(raw: bytes) -> str:
    """A key's characters, whatever an editor or a copy through a terminal put around them. Raises
    ``UnicodeError`` for anything but ASCII, which would silently become a different key."""
    marked = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = raw.decode("utf-16" if marked else "utf-8-sig").strip()
    text.encode("ascii")
    return text


def make_key(path: Path) -> None:
    """Make a key file unless it exists."""
    with suppress(FileExistsError):
        write_file(path, secrets.token_hex(32), new=True)
