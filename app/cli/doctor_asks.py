"""What ``flask doctor`` asks others, and only when told to: the mail server, the geocoder, and the
site's own public address, as a visitor sees it."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from app.cli.diagnosis import Check, Diagnosis, Site, fail, ok, warn


def mail_server_takes_us(site: Site) -> Diagnosis:
    from app.delivery.smtp import greet
    from app.site.outgoing import post_settings

    server = post_settings(site.settings).server
    if server is None:
        return ok("No mail server is set.")
    if why := greet(server):
        return fail(
            f"The mail server does not take us: {why}. Mail waits until it does. Compare "
            "mail_server, mail_port, mail_tls, mail_username and mail_password with its own page."
        )
    return ok("The mail server answers, secures the line and knows us. Nothing was sent.")


def geocoder_answers(site: Site) -> Diagnosis:
    """Asks for California's Capitol, where nobody lives."""
    from app.congress.model import LookupFailed, WrongCongress
    from app.congress.street import locate_street
    from app.site.services import geocoder_of

    if not site.settings.street_lookup:
        return ok("The street look-up is off.")
    place = ("1315 10th St", "Sacramento", "CA", "95814")
    answer = locate_street(*place, geocoder=geocoder_of(site.settings), tables=site.tables)
    if isinstance(answer, LookupFailed):
        return warn(
            f"The geocoder gives no answer ({answer.reason}), so people in divided ZIPs choose by "
            "hand. Look at geocoder_url, or set street_lookup = false meanwhile."
        )
    if isinstance(answer, WrongCongress):
        return fail(
            "The geocoder answers with the lines of another Congress, so its answers are not "
            "used. Set geocoder_vintage and geocoder_new_vintage to its present names."
        )
    return ok("The geocoder answers with the lines that hold now.")


def site_is_seen(site: Site) -> Diagnosis:
    """As a visitor sees it: name, certificate, headers, clock. Follows no redirection."""
    import requests  # the others need none

    url = site.settings.site_url
    if not url:
        return warn("Set site_url to the public address first; then this can be looked at.")
    try:
        answer = requests.get(f"{url}/", timeout=10, allow_redirects=False)
    except requests.exceptions.SSLError:
        return fail(f"The certificate of {url} is not in order, so browsers refuse the site. Look "
                    "at the proxy's log.")  # fmt: skip
    except requests.RequestException as error:
        return fail(f"{url} cannot be reached ({type(error).__name__}). Look at the name's "
                    "entries, the firewall and the proxy.")  # fmt: skip
    if answer.status_code != 200:
        return fail(
            f"{url} answers {answer.status_code}. 502 or 504: the site does not run behind the "
            "proxy; 400 or 404: the proxy hands on another name than site_url says."
        )
    if "Content-Security-Policy" not in answer.headers or "/privacy" not in answer.text:
        return fail(f"At {url} somebody else answers, not this program. Look at the proxy.")
    if url.startswith("https://") and "Strict-Transport-Security" not in answer.headers:
        return warn("The proxy takes the Strict-Transport-Security header away. Let it pass.")
    if off := _clock_off(answer.headers.get("Date", ""), site.now):
        return warn(f"The clock here and that of the proxy differ by {off:.0f} s: "
                    "timedatectl set-ntp true")  # fmt: skip
    if not url.startswith("https://"):
        return ok(f"{url} answers as it should.")
    began, ends = _certificate(url)
    if ends - site.now < min(timedelta(days=14), (ends - began) / 3):
        return warn(f"The certificate of {url} ends on {ends:%Y-%m-%d} and was not renewed. Then "
                    "browsers refuse the site. Look at the proxy's log.")  # fmt: skip
    return ok(f"{url} answers as it should; its certificate holds until {ends:%Y-%m-%d}.")


def _certificate(url: str) -> tuple[datetime, datetime]:
    """From when until when the certificate at an address holds."""
    address = urlsplit(url)
    host = address.hostname or ""
    with (
        socket.create_connection((host, address.port or 443), timeout=10) as line,
        ssl.create_default_context().wrap_socket(line, server_hostname=host) as secured,
    ):
        said = secured.getpeercert() or {}
    began, ends = (
        datetime.fromtimestamp(ssl.cert_time_to_seconds(str(said[name])), UTC)
        for name in ("notBefore", "notAfter")
    )
    return began, ends


def _clock_off(header: str, now: datetime) -> float:
    """By how many seconds an HTTP date is off, where that is more than a minute; else 0."""
    try:
        off = abs((parsedate_to_datetime(header) - now).total_seconds())
    except (ValueError, TypeError):
        return 0.0
    return off if off > 60 else 0.0


TRIES: dict[str, Check] = {
    "mail server": mail_server_takes_us,
    "geocoder": geocoder_answers,
    "from outside": site_is_seen,
}
