"""The examples in deploy/, tested with the programs that this machine has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import yaml

from app.site.server import LARGEST_BODY
from app.site.settings import ROOT, read_settings
from tests.bench.servers import answers, free_port

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
GUIDE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def require_program(program: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")


@pytest.fixture
def units(tmp_path: Path) -> list[str]:
    """The units, with a program that exists on this machine."""
    for unit in [*UNITS, *DEPLOY.glob("*.timer")]:
        text = re.sub(r"/srv/dear-congress/.venv/bin/\w+", sys.executable, unit.read_text())
        (tmp_path / unit.name).write_text(text)
        (tmp_path / unit.name).chmod(0o644)
    return [str(tmp_path / unit.name) for unit in UNITS]


def test_systemd_accepts_every_line_of_the_units(units: list[str]) -> None:
    require_program("systemd-analyze")
    timer = units[0].replace("dear-congress-daily.service", "dear-congress-daily.timer")
    said = run("systemd-analyze", "verify", *units, timer)
    assert not [line for line in said.splitlines() if "dear-congress" in line], said


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_units_are_confined_to_their_work(unit: Path, units: list[str]) -> None:
    require_program("systemd-analyze")
    if "--offline" not in run("systemd-analyze", "--help"):
        pytest.skip("this systemd cannot judge a file")
    path = next(path for path in units if path.endswith(unit.name))
    run("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", path)


def test_serving_units_restart_however_often_they_failed() -> None:
    """Each start of the site starts the mail worker, which five failures would otherwise stop."""
    serving = [unit.read_text() for unit in UNITS if "Restart=always" in unit.read_text()]
    assert len(serving) == 2
    assert all("\nStartLimitIntervalSec=0\n" in text for text in serving)


def test_the_units_are_hardened_alike() -> None:
    hardened = [
        [line for line in unit.read_text().splitlines()
         if re.match("(Protect|Private|Restrict|SystemCall|Capab|No|Lock|Memory[^M]|UMask)", line)]
        for unit in UNITS
    ]  # fmt: skip
    assert len(UNITS) == 3
    assert hardened[0] == hardened[1] == hardened[2]


def test_a_second_groups_units_from_the_guide_share_only_the_program(
    tmp_path: Path,
) -> None:
    [line] = [line for line in GUIDE.splitlines() if line.startswith("for unit in")]
    line = line.replace("sudo tee /etc/systemd/system/", f"tee {tmp_path}/")
    run("bash", "-c", line.replace("/srv/dear-congress/deploy/", f"{DEPLOY}/"))
    made = sorted(tmp_path.iterdir())
    assert [unit.name for unit in made] == [
        "second-group-daily.service", "second-group-daily.timer", "second-group-mail.service",
        "second-group.service",
    ]  # fmt: skip
    command = tmp_path / "second-group"
    command.symlink_to(DEPLOY / "dear-congress")
    echo = shutil.which("echo")
    assert echo
    (tmp_path / "sudo").symlink_to(echo)  # a script could not run where the disk allows no programs
    path = f"PATH={tmp_path}:{os.environ['PATH']}"
    said = run("env", path, str(command), "backup", "list", "a b")
    assert said.startswith("-u second-group env DEAR_CONGRESS_INSTANCE=/var/lib/second-group /srv/")
    assert said.endswith(" backup list a b\n")
    for unit in made:
        shared = unit.read_text().replace("/srv/dear-congress", "")
        assert "dear-congress" not in shared, unit.name


def test_caddy_accepts_its_example(tmp_path: Path) -> None:
    require_program("caddy")
    shutil.copy(DEPLOY / "Caddyfile", tmp_path)
    example = str(tmp_path / "Caddyfile")
    run("caddy", "validate", "--adapter", "caddyfile", "--config", example)


def test_nginx_accepts_its_example(tmp_path: Path) -> None:
    require_program("nginx")
    require_program("openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    own = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=example.org"
    run("openssl", *own.split(), "-keyout", str(key), "-out", str(certificate))
    text = (DEPLOY / "nginx.conf").read_text()
    text = re.sub(r"/etc/letsencrypt\S+fullchain.pem", str(certificate), text)
    text = re.sub(r"/etc/letsencrypt\S+privkey.pem", str(key), text)
    text = text.replace("/var/log/nginx/", f"{tmp_path}/")
    text = re.sub(r"listen (\[::\]:)?(80|443)", lambda m: f"listen {m[1] or ''}{int(m[2]) + 18000}",
                  text)  # fmt: skip
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}}\nhttp {{\n{folders}\n{text}\n}}\n"
    )
    run("nginx", "-t", "-q", "-c", str(whole), "-p", str(tmp_path))


def test_proxies_allow_the_sites_uploads_and_log_no_visitors() -> None:
    caddy, nginx = (DEPLOY / "Caddyfile").read_text(), (DEPLOY / "nginx.conf").read_text()
    assert LARGEST_BODY == 13 * 1024 * 1024
    assert "client_max_body_size 13m" in nginx
    assert "max_size 13MB" in caddy
    assert nginx.count("access_log off") == nginx.count("server {") == 2
    assert nginx.count("listen [::]:") == 2
    assert "output" not in caddy
    for name in ("Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For"):
        assert f"proxy_set_header {name} $" in nginx
    assert "proxy_buffering off" in nginx, "a streamed response would be held back"
    assert "flush_interval -1" in caddy


def test_the_guides_sed_command_replaces_every_example_name() -> None:
    """The guide's ``sed`` replaces the first match in each line."""
    for name in ("Caddyfile", "nginx.conf"):
        command = f"sed 's/letters.example.org/YOUR.NAME/' deploy/{name} | sudo tee"
        assert command in GUIDE
        assert "example.org" not in run("bash", "-c", f"cd {ROOT}; {command.partition(' |')[0]}")


def test_the_container_has_what_the_site_needs_and_runs_unprivileged() -> None:
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    sources = [line.split()[1] for line in lines if line.startswith("COPY")]
    assert all((ROOT / source).exists() for source in sources)
    assert {"app/", "letters/", "templates/", "wsgi.py", "requirements.lock"} == set(sources)
    users = [line for line in lines if line.startswith("USER")]
    assert users == ["USER 10001:10001"]
    assert "VOLUME /instance" in lines
    site = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["site"]
    assert site["read_only"] is True
    assert site["cap_drop"] == ["ALL"]
    assert site["user"] == "10001:10001"
    assert (DEPLOY / site["build"]["context"] / site["build"]["dockerfile"]).is_file()
    assert "environment" not in site, "it would override the operator's settings"
    own = [volume.split(":")[0].removeprefix("../") for volume in site["volumes"]]
    assert own[0] == "instance"
    assert f"-o 10001 -g 10001 {' '.join(own)}\n" in GUIDE
    for folder in own:
        run("git", "-C", str(ROOT), "check-ignore", f"{folder}/x")


def test_the_build_context_contains_only_what_the_image_copies() -> None:
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    assert sent[0] == "*"
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    copied = {name.rstrip("/") for line in lines if line.startswith("COPY")
              for name in line.split()[1:-1]}  # fmt: skip
    assert {line[1:] for line in sent if line[0] == "!"} == copied


def test_the_site_runs_on_a_read_only_disk_writing_only_to_its_folder(
    tmp_path: Path,
) -> None:
    """As in the container and under the units: everything else of the machine is read-only."""
    require_program("bwrap")
    instance, port = tmp_path / "instance", free_port()
    instance.mkdir(mode=0o700)
    box = [
        "bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",  # noqa: S108
        "--ro-bind", str(ROOT), str(ROOT), "--bind", str(instance), str(instance),
        "--unshare-user", "--uid", "10001", "--gid", "10001", "--unshare-pid", "--die-with-parent",
        "--chdir", str(ROOT), "--setenv", "PYTHONDONTWRITEBYTECODE", "1",
        "--setenv", "DEAR_CONGRESS_INSTANCE", str(instance), "--setenv", "PORT", str(port),
        sys.executable,
    ]  # fmt: skip
    tried = subprocess.run([*box[:-1], "true"], capture_output=True, text=True, check=False)
    if tried.returncode:  # as in most containers
        pytest.skip(tried.stderr)
    wrote = "import pathlib; pathlib.Path('app/x').write_text('')"
    assert "Read-only" in subprocess.run([*box, "-c", wrote], capture_output=True, text=True,
                                         check=False).stderr  # fmt: skip
    run(*box, "-m", "flask", "--app", "wsgi", "demo", "--people", "20")
    out = str(instance / "labels.pdf")
    run(*box, "-m", "flask", "--app", "wsgi", "letters", "labels", "--state", "VT", "--out", out)
    with subprocess.Popen([*box, "-m", "app.main"], stderr=subprocess.PIPE) as site:
        try:
            while not answers(port):
                assert site.poll() is None, site.stderr and site.stderr.read()
                time.sleep(0.05)
        finally:
            site.terminate()


def test_the_settings_in_the_guide_are_valid(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert len(blocks) >= 2
    whole = "".join(blocks)
    tomllib.loads(whole)
    (tmp_path / "settings.toml").write_text(whole)
    settings = read_settings({}, instance=tmp_path)
    assert settings.trusted_proxies == 1
    assert settings.mail_server


def test_the_guide_names_only_existing_files() -> None:
    for path in re.findall(r"deploy/[\w.*-]+[\w*](?![\w$-])", GUIDE):
        assert list(ROOT.glob(path)), path
    for path in re.findall(r"\]\(([\w-]+\.md)", GUIDE):
        assert (ROOT / "docs" / path).is_file(), path
