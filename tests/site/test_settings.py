"""Settings: one table, and one sentence for each bad value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.site.settings import (
    PREFIX,
    ROOT,
    SECTIONS,
    SettingsError,
    as_markdown,
    default_of,
    load_settings,
    read_settings,
    rules,
    shown,
)

NUMBERS = [name for name in rules() if isinstance(default_of(name), int | float)
           and not isinstance(default_of(name), bool)]  # fmt: skip


def problems(
    toml: str = "", tmp_path: Path | None = None, /, **environment: str
) -> tuple[str, ...]:
    """The problems with a settings file and an environment."""
    env = {f"{PREFIX}{name}": value for name, value in environment.items()}
    if tmp_path is not None:
        (tmp_path / "settings.toml").write_text(toml, encoding="utf-8")
        env[f"{PREFIX}INSTANCE"] = str(tmp_path)
    return problems_of(env)


def problems_of(environ: dict[str, str], **overrides: Any) -> tuple[str, ...]:
    try:
        read_settings(environ, **overrides)
    except SettingsError as error:
        return error.problems
    return ()


def test_an_unconfigured_site_has_the_defaults(tmp_path: Path) -> None:
    settings = read_settings({}, instance=tmp_path / "none")
    for name in rules():
        if name != "instance":
            assert getattr(settings, name) == default_of(name)
    assert not (tmp_path / "none").exists(), "reading settings makes nothing"


@pytest.mark.parametrize("name", list(rules()))
def test_every_default_can_be_read_back_as_shown(name: str) -> None:
    rule, default = rules()[name], default_of(name)
    assert rule.help.strip().endswith(".")
    assert rule.read(default) == default
    if not rule.secret and name not in ("instance", "letters"):
        assert rule.read(shown(name, default)) == default


@pytest.mark.parametrize("name", NUMBERS)
@given(value=st.one_of(st.integers(), st.floats(), st.text(max_size=20), st.booleans()))
def test_numbers_outside_their_range_are_refused(name: str, value: Any) -> None:
    wrong = problems_of({}, instance=Path("none"), **{name: value})
    if wrong:
        assert len(wrong) == 1
        assert wrong[0].startswith(f"{name} is ")
        assert rules()[name].kind in wrong[0]
        return
    found = getattr(read_settings({}, instance=Path("none"), **{name: value}), name)
    least, most = (float(word) for word in rules()[name].kind.split() if word[0].isdigit())
    assert least <= found <= most


VARIABLES = [f"{PREFIX}{name.upper()}" for name in rules() if name != "instance"]


@given(st.dictionaries(st.sampled_from(VARIABLES), st.text(max_size=40)))
def test_any_environment_is_used_or_its_problems_named(environ: dict[str, str]) -> None:
    for problem in problems_of(environ):
        assert any(problem.startswith(name) for name in (*environ, "mail_"))
        assert problem.isprintable(), "one sentence, on one line"


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("letters.example.org", "https://letters.example.org"),
        ("letters.example.org/act", "https://letters.example.org"),
        ("https://letters.example.org/act", "without a path: https://letters.example.org"),
        ("https://letters.example.org?x=1", "without a path"),
        ("ftp://letters.example.org", "https://letters.example.org"),
        ("https://", "https://letters.example.org"),
        ("https://[::1", "https://letters.example.org"),
        ("https://a b.example", "https://letters.example.org"),
        ("https://me:secret@letters.example.org", "https://letters.example.org"),
        ("https://letters.example.org:port", "https://letters.example.org"),
    ],
)
def test_an_unusable_site_url_is_refused_with_advice(value: str, advice: str) -> None:
    (problem,) = problems(SITE_URL=value)
    assert problem.startswith(f"{PREFIX}SITE_URL is “{value}”. ")
    assert advice in problem


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("https://letters.example.org/", "https://letters.example.org"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("", ""),
    ],
)
def test_a_site_url_is_normalized(value: str, kept: str) -> None:
    assert read_settings({f"{PREFIX}SITE_URL": value}).site_url == kept


def test_all_problems_are_reported_at_once_with_their_place(tmp_path: Path) -> None:
    found = problems(
        'form_minutes = 0\ngroupname = "Us"\nlimits = "perhaps"\n[mail]\nserver = "x"\n',
        tmp_path,
        KEEP_AUDIT_DAYS="0",
        SITEURL="x",
    )
    folder = tmp_path.name
    assert set(found) == {
        f"form_minutes in {folder}/settings.toml is “0”. Write a whole number from 5 to 1440.",
        f"groupname in {folder}/settings.toml is not a setting. Did you mean group_name?",
        f"limits in {folder}/settings.toml is “perhaps”. Write true or false.",
        "[mail]: the file cannot have sections. Write each setting with its full name.",
        f"{PREFIX}KEEP_AUDIT_DAYS is “0”. Write a whole number from 30 to 3650.",
        f"{PREFIX}SITEURL is not a setting. Did you mean site_url?",
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("site_url = https://letters.example.org\n", "Line 1"),
        ('group_name = "Us"\ngroup_name = "Them"\n', "Line 2"),
        ('\n\ngroup_name = "Us\n', "Line 3"),
        ("what is this", "Line 1"),
        ("x = [", ""),
    ],
)
def test_an_unreadable_file_is_reported_with_its_line(text: str, line: str, tmp_path: Path) -> None:
    (problem,) = problems(text, tmp_path)
    assert problem.startswith(line)
    assert f"{tmp_path.name}/settings.toml cannot be read. Write one setting per line" in problem


def test_a_file_that_the_system_refuses_is_named_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.mkdir()
    with pytest.raises(SettingsError, match=f"^{re.escape(str(path))} cannot be used: Is a dir"):
        read_settings({}, instance=tmp_path)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    """Editors on Windows save a byte order mark."""
    (tmp_path / "settings.toml").write_bytes(b'\xef\xbb\xbfgroup_name = "Us"\r\n')
    assert read_settings({}, instance=tmp_path).group_name == "Us"


def test_a_file_in_another_encoding_is_reported(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes('group_name = "Señas"'.encode("latin-1"))
    with pytest.raises(SettingsError, match="Save it as UTF-8"):
        read_settings({}, instance=tmp_path)


def test_mail_needs_a_sender_and_an_address_for_its_links(tmp_path: Path) -> None:
    assert [p.split(" is set, but ")[1].split(" is not")[0] for p in problems(
        'mail_server = "mail.example.org"', tmp_path)] == ["mail_from", "site_url"]  # fmt: skip
    whole = ('mail_server = "mail.example.org"\nmail_from = "us@example.org"\n'
             'site_url = "https://letters.example.org"\n')  # fmt: skip
    assert problems(whole, tmp_path) == ()
    (problem,) = problems(f'{whole}mail_tls = "none"', tmp_path)
    assert "unencrypted" in problem


@pytest.mark.parametrize("name", [name for name, rule in rules().items() if rule.secret])
def test_no_message_repeats_a_secret(name: str) -> None:
    value = "hunter2\u2028hunter2"
    (problem,) = problems("", None, **{name.upper(): value})
    assert problem.startswith(f"{PREFIX}{name.upper()} cannot be used. ")
    assert "hunter2" not in problem
    assert shown(name, value) == "(hidden)"


def test_the_environment_overrides_the_file_and_prefixed_names_override_common_ones(
    tmp_path: Path,
) -> None:
    (tmp_path / "settings.toml").write_text("port = 1111\nworkers = 3\ntoday = 2027-01-04\n")
    env = {"PORT": "2222", f"{PREFIX}PORT": "3333", "WORKERS": "4"}
    settings = read_settings(env, instance=tmp_path)
    assert (settings.port, settings.workers, settings.today) == (3333, 4, "2027-01-04")


@pytest.mark.parametrize("name", ["WORKERS", "PORT"])
@pytest.mark.parametrize("value", ["0", "-1", "http", "８０００", "65536", "1e3"])
def test_invalid_server_settings_are_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is “{value}”. Write a whole number from 1"):
        read_settings({name: value})


@pytest.mark.parametrize("name", ["letters", "backup_folder", "stream_to"])
def test_a_folder_in_the_home_of_an_unknown_user_is_named(name: str) -> None:
    (problem,) = problems(**{name: "~no-such-user/folder"})
    assert f"{name} is “~no-such-user/folder”. Write the folder's full path" in problem


@pytest.mark.parametrize("host", ["mail..example.org", "a" * 64 + ".example.org"])
@pytest.mark.parametrize(
    ("name", "form"),
    [("host", "{}"), ("mail_server", "{}"), ("site_url", "https://{}"), ("metrics", "{}:9464")],
)
def test_a_host_name_that_cannot_exist_is_named(name: str, form: str, host: str) -> None:
    (problem,) = problems(**{name: form.format(host)})
    assert f"{name} is “" in problem


def test_a_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be"):
        load_settings({}, instance=tmp_path / "file" / "instance")


def test_nothing_above_the_sites_folder_is_ever_to_be_given_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(folder: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr("os.geteuid", lambda: 4242)
    with pytest.raises(SettingsError, match=r"^/no-such-folder cannot be used: [\w ]+\.$"):
        load_settings({}, instance=Path("/no-such-folder"))


def test_the_documented_settings_table_is_up_to_date() -> None:
    assert set(SECTIONS) <= set(rules())
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert text == as_markdown(), "run: .venv/bin/flask settings --markdown > docs/settings.md"


@pytest.mark.parametrize("name", ["CWC_HOUSE_URL", "CWC_SENATE_URL"])
@pytest.mark.parametrize(
    ("address", "fits"),
    [("https://cwc.example.org", True), ("http://127.0.0.1:8080", True),
     ("http://[::1]:8080", True), ("http://localhost", True), ("http://cwc.example.org", False),
     ("http://127.0.0.1.example.org", False), ("", True)],
)  # fmt: skip
def test_office_system_addresses_must_use_https(name: str, address: str, fits: bool) -> None:
    found = problems(**{name: address})
    assert (found == ()) == fits
    assert fits or "Write https://" in found[0]
