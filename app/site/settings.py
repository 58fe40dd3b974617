"""What an operator can set, and the secrets that a site makes for itself.

Read from ``instance/settings.toml`` and from environment variables that begin with
``DEAR_CONGRESS_``; the environment wins. The packages
below this one take plain values.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "DEAR_CONGRESS_"
SHORTEST_SECRET = 32
"""Characters of a secret."""


class SettingsError(Exception):
    """A setting cannot be used; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One site's settings. Every default is safe for a site that nobody configured."""

    instance: Path = ROOT / "instance"
    letters: Path = ROOT / "letters"
    campaign: str = "protect-immigration-act"
    group_name: str = "Dear Congress"
    contact: str = ""
    """How residents reach the group that runs the site; shown in the footer when set."""
    site_url: str = ""
    """The public address, such as ``https://letters.example.org``; empty on a laptop."""
    street_lookup: bool = True
    geocoder_provider: str = "census"
    geocoder_url: str = "https://geocoding.geo.census.gov/geocoder/geographies/onelineaddress"
    geocoder_vintage: str = "ACS2025_Current"
    geocoder_timeout: float = 5.0
    """Seconds for a lookup as a whole; a second try starts when the first has failed."""
    form_minutes: int = 60
    """How long a form's token is good for; afterwards the form comes back, filled in."""
    form_seconds: int = 4
    """Signing sooner than this after the first form was made is held for an organizer."""
    confirm_email: bool = False
    """Count a signature only once the button behind a link in an e-mail was pressed. A
    campaign's own ``confirm_email`` goes before it."""
    proof_of_work: int = 0
    """Bits of a small calculation that a browser does before signing; 0 asks for none."""
    trusted_proxies: int = 0
    """How many reverse proxies of your own stand in front; 0 trusts no forwarded header."""
    today: str = ""
    """For rehearsals only: pretend that today is this date (``2027-01-04``)."""
    keep_towns: bool = False
    """Keep the town of each signature for the offices' day sheets; residents are told."""
    keep_sealed_days: int = 90
    """After the campaign's end; then sealed details are purged."""
    keep_letters_days: int = 90
    """The same for the words of letters that somebody keeps behind their receipt."""
    keep_audit_days: int = 730
    keep_mail_days: int = 7
    keep_log_days: int = 14
    limits: bool = True
    """Whether acts of one visitor and one network are limited; off only for measuring."""
    limits_url: str = field(default="", repr=False)
    """Where the counters of limits are kept: empty for a file here, or ``redis://…``."""
    raised_networks: str = ""
    """Networks that may do twenty times as much, such as a library's: ``192.0.2.0/24, …``."""
    mail_server: str = ""
    """The mail server's name; empty writes mail as files into ``instance/outbox/``."""
    mail_port: int = 587
    mail_tls: str = "starttls"
    """``starttls``, ``tls``, or ``none`` for a server on this machine only."""
    mail_username: str = ""
    mail_password: str = field(default="", repr=False)
    mail_from: str = ""
    """The campaign's own address, ``letters@example.org``; required with a mail server."""
    mail_timeout: float = 15.0
    """Seconds for each step before a message leaves."""
    mail_data_timeout: float = 120.0
    """Seconds to wait for the server's last word on a message."""
    mail_per_address_a_day: int = 10
    mail_workers: int = 2
    redis_url: str = field(default="", repr=False)
    """A Redis for the mail queue; empty for a file in ``instance/``. Also read from REDIS_URL."""
    cwc_mode: str = "off"
    """``off``, ``test`` or ``production``: the offices' own delivery systems."""
    cwc_house_key: str = field(default="", repr=False)
    cwc_senate_key: str = field(default="", repr=False)
    cwc_house_url: str = ""
    cwc_senate_url: str = ""
    """Other addresses for the two systems, without a path; empty for their own."""
    cwc_per_minute: int = 300
    cwc_per_office_per_minute: int = 30
    cwc_agent: str = ""
    """The delivery agent's exact name on the access application, and its details below."""
    cwc_ack_email: str = ""
    cwc_contact_name: str = ""
    cwc_contact_email: str = ""
    cwc_contact_phone: str = ""
    cwc_organization_about: str = ""
    secret_key: bytes = field(default=b"", repr=False)
    person_key: bytes = field(default=b"", repr=False)

    @property
    def database(self) -> Path:
        return self.instance / "dear-congress.db"

    @property
    def keys(self) -> Path:
        """The folder of the campaign's key files."""
        return self.instance / "keys"


def _read_secret(path: Path) -> bytes:
    """Read a secret, making it first if it is not there.

    Several workers may start at once: the value is written to a private file and linked
    into place, which succeeds for exactly one of them; the others read the winner's.
    """
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    value = path.read_text(encoding="ascii").strip()
    if len(value) < SHORTEST_SECRET:
        raise SettingsError(
            f"{path} is too short to be a secret. Restore it from a backup; deleting it makes a "
            "new one, but then earlier signers can no longer be recognised."
        )
    return value.encode("ascii")


def _check_secret(name: str, value: bytes) -> None:
    """A secret that somebody wrote down themselves must be one. Empty means: make one."""
    if value and (len(value) < SHORTEST_SECRET or len(set(value)) < 8):
        raise SettingsError(
            f"Setting {name} is too short or too plain to be a secret. Leave it out, and the site "
            "makes one for itself; or give it the output of: openssl rand -hex 32"
        )


def _convert(name: str, kind: str, value: Any) -> Any:
    try:
        if kind == "Path":
            return Path(value)
        if kind == "bool":
            if isinstance(value, bool):
                return value
            text = str(value).strip().lower()
            if text in ("1", "true", "yes", "on"):
                return True
            if text in ("0", "false", "no", "off", ""):
                return False
            raise ValueError
        if kind == "int":
            return int(value)
        if kind == "float":
            return float(value)
        if kind == "bytes":
            return str(value).encode()
        return str(value)
    except ValueError:
        raise SettingsError(f"Setting {name} is {value!r}, which is not a {kind}.") from None


def load_settings(environ: dict[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings from defaults, ``settings.toml``, the environment and ``overrides``, in that order.

    Makes the instance folder (mode 0700) and the secrets on first use. Raises
    ``SettingsError`` with a sentence for the operator.
    """
    env = dict(os.environ) if environ is None else environ
    kinds = {f.name: str(f.type) for f in fields(Settings)}
    values: dict[str, Any] = {}
    instance = Path(overrides.get("instance") or env.get(f"{PREFIX}INSTANCE") or ROOT / "instance")
    instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    toml = instance / "settings.toml"
    if toml.exists():
        try:
            values.update(tomllib.loads(toml.read_text(encoding="utf-8")))
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{toml}: {error}") from None
    for name in kinds:
        if f"{PREFIX}{name.upper()}" in env:
            values[name] = env[f"{PREFIX}{name.upper()}"]
    if env.get("REDIS_URL"):
        values.setdefault("redis_url", env["REDIS_URL"])
    values.update(overrides)
    values["instance"] = instance
    unknown = sorted(set(values) - set(kinds))
    if unknown:
        raise SettingsError(
            f"Unknown setting {', '.join(unknown)}. Known: {', '.join(sorted(kinds))}."
        )
    known = {name: _convert(name, kinds[name], value) for name, value in values.items()}
    for name in ("secret_key", "person_key"):
        _check_secret(name, known.get(name, b""))
    known["secret_key"] = known.get("secret_key") or _read_secret(instance / "secret.key")
    known["person_key"] = known.get("person_key") or _read_secret(instance / "person.key")
    return Settings(**known)
