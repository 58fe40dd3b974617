"""``flask doctor`` checks that use the network, run only on request: the mail server, the geocoder,
and the site's public address as a visitor sees it."""

from __future__ import annotations

import errno
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from app.cli.diagnosis import Check, Diagnosis, Site, fail, ok, warn
from app.cli.plain import some
from app.site.rooms import LARGEST_FILE


def mail_server_takes_us(site: Site) -> Diagnosis:
    from app.delivery.smtp import greet
    from app.site.outgoing import post_settings

    server = post_settings(site.settings).server
    if server is None:
        return ok("No mail server is set.")
    if why := greet(server):
        return fail(
            f"The mail server does not accept us: {why}. Mail waits until it does. Compare "
            "mail_server, mail_port, mail_tls, mail_username and mail_password with your "
            "provider's instructions."
        )
    return ok("The mail server answers, uses TLS and accepts our login. Nothing was sent.")


def geocoder_answers(site: Site) -> Diagnosis:
    """Looks up California's Capitol, where no one lives."""
    from app.congress.model import LookupFailed, WrongCongress
    from app.congress.street import locate_street
    from app.site.services import geocoder_of

    if not site.settings.street_lookup:
        return ok("Street lookup is off.")
    place = ("1315 10th St", "Sacramento", "CA", "95814")
    answer = locate_street(*place, geocoder=geocoder_of(site.settings), tables=site.tables)
    if isinstance(answer, LookupFailed):
        return warn(
            f"The geocoder does not answer ({answer.reason}), so people in divided ZIP codes "
            "choose their district themselves. Check geocoder_url, or set street_lookup = false "
            "for now."
        )
    if isinstance(answer, WrongCongress):
        return fail(
            "The geocoder answers with the district lines of another Congress, so its answers "
            "are not used. Set geocoder_vintage and geocoder_new_vintage to the Census Bureau's "
            "current names."
        )
    return ok("The geocoder answers with the current district lines.")


def site_is_seen(site: Site) -> Diagnosis:
    """As a visitor sees it: name, certificate, headers, clock. Follows no redirects."""
    import requests  # the other checks do not need it

    url = site.settings.site_url
    if not url:
        return warn("Set site_url to the public address first, so that it can be checked.")
    try:
        answer = requests.get(f"{url}/", timeout=10, allow_redirects=False)
    except requests.exceptions.SSLError:
        return fail(f"The certificate of {url} is not valid, so browsers refuse the site. Check "
                    "the proxy's log.")  # fmt: skip
    except requests.RequestException as error:
        return fail(f"{url} cannot be reached ({type(error).__name__}). Check the name's DNS "
                    "records, the firewall and the proxy.")  # fmt: skip
    if answer.status_code != 200:
        return fail(
            f"{url} answers with status {answer.status_code}. 502 or 504 means that the site is "
            "not running behind the proxy; 400 or 404, that the proxy passes on a different "
            "host name than site_url has."
        )
    if "Content-Security-Policy" not in answer.headers or "/privacy" not in answer.text:
        return fail(f"Something else answers at {url}, not this program. Check the proxy.")
    if url.startswith("https://") and "Strict-Transport-Security" not in answer.headers:
        return warn("The proxy removes the Strict-Transport-Security header. Let it through.")
    if found := _proxy_problem(site, url) or _access_problem(url):
        return found
    if off := _clock_off(answer.headers.get("Date", ""), site.now):
        return warn(f"This machine's clock and the proxy's differ by {off:.0f} s: timedatectl "
                    "set-ntp true")  # fmt: skip
    if not url.startswith("https://"):
        return ok(f"{url} works as it should.")
    began, ends = _certificate(url)
    due = min(timedelta(days=14), (ends - began) / 3)
    if ends - site.now < due:
        say = fail if ends - site.now < due / 2 else warn
        return say(f"The certificate of {url} expires on {ends:%Y-%m-%d} and was not renewed. "
                   "After that, browsers refuse the site. Check the proxy's log.")  # fmt: skip
    return ok(f"{url} works as it should. Its certificate expires on {ends:%Y-%m-%d}.")


MADE_UP = [f"192.0.2.{number}" for number in range(1, 6)]
"""Documentation addresses (RFC 5737), as many as there can be trusted proxies."""


def _proxy_problem(site: Site, url: str) -> Diagnosis | None:
    """What is wrong between the public address and this site, tested with a made-up visitor."""
    import requests

    from app.site.watching import question

    instance = site.settings.instance
    with question(instance) as word:
        answer = requests.get(
            f"{url}/healthz", params={"asked": word}, timeout=10, allow_redirects=False,
            headers={"X-Forwarded-For": ", ".join(MADE_UP)},
        )  # fmt: skip
    try:
        said = answer.json()
    except ValueError:
        if answer.text != "alive\n":
            return warn(
                f"Something other than this program answers at {url}/healthz (status "
                f"{answer.status_code}), so visitors' addresses cannot be checked. Have the "
                "proxy pass on every path."
            )
        return fail(
            f"This program answers at {url}, but not the site in {instance}. If the site moved, "
            "stop the old one (systemctl disable --now), because two would count separately. If "
            "it should answer here, check the port in the proxy's configuration."
        )
    values = [value.strip() for value in said["forwarded"].split(",") if value.strip()]
    passed = any(value in MADE_UP for value in values)
    saying, trusted = sum(value not in MADE_UP for value in values), int(said["trusted"])
    if url.startswith("https://") and not saying:
        return fail(
            "The proxy does not report visitors' addresses (X-Forwarded-For), so all visitors "
            "look like one or can pose as another. Compare its configuration with the examples "
            "in deploy/."
        )
    if trusted > saying and passed:
        return fail(
            "Visitors can fake their address (X-Forwarded-For), so limits stop no one. Set "
            f"trusted_proxies = {saying}."
        )
    if trusted != saying:
        count = some(saying, "proxy reports", "proxies report")
        return fail(
            f"{count} visitors' addresses, but trusted_proxies is {trusted}, so visitors are "
            f"taken for a proxy and limited together. Set trusted_proxies = {saying}."
        )
    return None


def _access_problem(url: str) -> Diagnosis | None:
    """Whether visitors are shut out over IPv6, without https, or with a large upload."""
    import requests

    address = urlsplit(url)
    host = address.hostname or ""
    port = address.port or (443 if address.scheme == "https" else 80)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if silent := sorted({place[0] for *_, place in found if _is_silent(str(place[0]), port)}):
        return warn(
            f"{host} also points to {', '.join(map(str, silent))}, where nothing answers, so "
            "some visitors wait or give up. Have the proxy listen there, or delete the DNS "
            "record."
        )
    try:
        large = requests.post(f"{url}/healthz", data=bytes(LARGEST_FILE), timeout=60)
    except requests.RequestException:
        large = None
    if large is None or "Content-Security-Policy" not in large.headers:
        return warn(
            f"The proxy refuses a file of {LARGEST_FILE >> 20} MB, which the site accepts. "
            "Compare its size limits with the examples in deploy/."
        )
    if address.scheme == "https" and not address.port:
        try:
            plain = requests.get(f"http://{host}/", timeout=10, allow_redirects=False)
        except requests.RequestException:
            return None  # port 80 is closed, so nothing is sent unprotected
        if not plain.headers.get("Location", "").startswith("https://"):
            return warn(f"http://{host}/ does not redirect to https://, so visitors who use it "
                        "are unprotected. Have the proxy redirect it.")  # fmt: skip
    return None


def _is_silent(address: str, port: int) -> bool:
    """Whether no one answers at an address; False if this machine has no route to it."""
    try:
        socket.create_connection((address, port), timeout=5).close()
    except OSError as error:
        return error.errno not in (errno.ENETUNREACH, errno.EADDRNOTAVAIL)
    return False


def _certificate(url: str) -> tuple[datetime, datetime]:
    """When the certificate at an address becomes valid and expires."""
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
    """By how many seconds an HTTP date is off; 0 up to a minute."""
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
