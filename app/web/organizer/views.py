"""The routes of the organizers' pages. Each says who may use it; ``gate`` enforces that."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from app.web.access import access
from app.web.organizer import account, entering, people, trail

organizer = Blueprint("organizer", __name__)
"""``row`` in an address is the number of a row in the database: never larger than SQLite's."""


@organizer.get("/")
@access("organizer")
def index() -> Response:
    return account.show_index()


@organizer.get("/login")
@access("visitor")
def login() -> Response:
    return entering.show_login()


@organizer.post("/login")
@access("visitor")
def login_post() -> Response:
    return entering.take_password()


@organizer.get("/set-password/<token>")
@access("visitor")
def set_password(token: str) -> Response:
    return entering.show_link(token)


@organizer.post("/set-password/<token>")
@access("visitor")
def set_password_post(token: str) -> Response:
    return entering.take_link(token)


@organizer.get("/code")
@access("half")
def code() -> Response:
    return entering.show_code()


@organizer.post("/code")
@access("half")
def code_post() -> Response:
    return entering.take_code()


@organizer.get("/second-factor")
@access("half")
def second_factor() -> Response:
    return entering.show_second_factor()


@organizer.post("/second-factor")
@access("half")
def second_factor_post() -> Response:
    return entering.take_second_factor()


@organizer.post("/logout")
@access("organizer")
def logout() -> Response:
    return account.log_out()


@organizer.get("/confirm")
@access("organizer")
def confirm() -> Response:
    return account.show_confirm()


@organizer.post("/confirm")
@access("organizer")
def confirm_post() -> Response:
    return account.take_confirm()


@organizer.get("/account")
@access("organizer")
def my_account() -> Response:
    return account.show_account()


@organizer.get("/account/password")
@access("organizer", fresh=True)
def new_password() -> Response:
    return account.show_password()


@organizer.post("/account/password")
@access("organizer", fresh=True)
def new_password_post() -> Response:
    return account.take_new_password()


@organizer.get("/account/second-factor")
@access("organizer", fresh=True)
def new_second_factor() -> Response:
    return entering.show_second_factor()


@organizer.post("/account/second-factor")
@access("organizer", fresh=True)
def new_second_factor_post() -> Response:
    return entering.take_second_factor()


@organizer.post("/account/recovery-codes")
@access("organizer", fresh=True)
def new_recovery_codes() -> Response:
    return account.make_codes()


@organizer.get("/sessions")
@access("organizer")
def my_sessions() -> Response:
    return account.show_sessions()


@organizer.post("/sessions/<row:number>/end")
@access("organizer")
def end_session(number: int) -> Response:
    return account.end_one(number)


@organizer.post("/sessions/end-others")
@access("organizer")
def end_other_sessions() -> Response:
    return account.end_others()


@organizer.get("/people")
@access("admin")
def all_people() -> Response:
    return people.show_people()


@organizer.get("/people/<row:number>")
@access("admin")
def person(number: int) -> Response:
    return people.show_person(number)


@organizer.post("/people/<row:number>/role")
@access("admin", fresh=True)
def role(number: int) -> Response:
    return people.take_role(number)


@organizer.post("/people/<row:number>/disable")
@access("admin", fresh=True)
def disable(number: int) -> Response:
    return people.switch(number, disabled=True)


@organizer.post("/people/<row:number>/enable")
@access("admin", fresh=True)
def enable(number: int) -> Response:
    return people.switch(number, disabled=False)


@organizer.post("/people/<row:number>/end-sessions")
@access("admin")
def end_sessions_of(number: int) -> Response:
    return people.end_all_sessions(number)


@organizer.get("/audit")
@access("admin")
def audit() -> Response:
    return trail.show_trail()


@organizer.get("/audit.csv")
@access("admin", fresh=True)
def audit_csv() -> Response:
    return trail.export_trail()
