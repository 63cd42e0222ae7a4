"""What people read where they log in and out, in Dutch and English."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from gateway.access import roles
from gateway.rest.pages import Language, page

if TYPE_CHECKING:
    from gateway.access.person import Person
    from gateway.rest.response import Response

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "nl": {
        "login": "Inloggen",
        "name": "Gebruikersnaam",
        "password": "Wachtwoord",
        "code": "Code",
        "code-hint": "De zes cijfers van nu in uw authenticator-app.",
        "wrong": "Gebruikersnaam, wachtwoord of code klopt niet, of de code is al gebruikt. Wacht op de volgende code.",
        "inside": "U bent ingelogd",
        "person": "Naam",
        "role": "Rol",
        "organisation": "Organisatie",
        "logout": "Uitloggen",
        "leaving": "Wilt u uitloggen?",
        "outside": "U bent uitgelogd",
        "again": "Opnieuw inloggen",
        "at-provider": "Ook uitloggen bij uw eigen inlogdienst",
        "refused": "Inloggen is niet gelukt",
        "refused-text": "De gateway laat u zo niet binnen. Probeer het opnieuw. Lukt het weer niet, vraag dan uw "
        "beheerder na te gaan welke organisatie en rol uw inlogdienst van u noemt.",
        "problem": "Dit gaat nu niet",
        "later": "Probeer het over {} seconden opnieuw.",
    },
    "en": {
        "login": "Log in",
        "name": "User name",
        "password": "Password",
        "code": "Code",
        "code-hint": "The six digits in your authenticator app now.",
        "wrong": "User name, password or code is not right, or the code was used already. Wait for the next code.",
        "inside": "You are logged in",
        "person": "Name",
        "role": "Role",
        "organisation": "Organisation",
        "logout": "Log out",
        "leaving": "Do you want to log out?",
        "outside": "You are logged out",
        "again": "Log in again",
        "at-provider": "Log out of your own login service too",
        "refused": "You could not be logged in",
        "refused-text": "The gateway does not let you in like this. Try again. If it fails again, ask your "
        "administrator which organisation and role your login service tells of you.",
        "problem": "This cannot be done now",
        "later": "Try again in {} seconds.",
    },
}


def form(path: str, language: Language, *, is_wrong: bool = False) -> Response:
    """Return the form of the directory; `path` is where somebody goes on."""
    words = _WORDS[language]
    problem = f'<p class="problem" role="alert">{escape(words["wrong"])}</p>\n' if is_wrong else ""
    fields = _field(words["name"], "name", _NAME) + _field(words["password"], "password", _WITHHELD)
    fields += _field(words["code"], "code", _CODE)
    fields += f'<p class="hint" id="code-hint">{escape(words["code-hint"])}</p>\n'
    content = (
        f'{problem}<form method="post" action="/login?to={quote(path, safe="/")}">\n{fields}'
        f"<button>{escape(words['login'])}</button>\n</form>"
    )
    return page(words["login"], content, language, HTTPStatus.UNAUTHORIZED if is_wrong else HTTPStatus.OK)


_NAME = 'autocomplete="username" autofocus maxlength="64"'
_WITHHELD = 'type="password" autocomplete="current-password" maxlength="200"'
_CODE = 'inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" maxlength="6" aria-describedby="code-hint"'


def _field(label: str, name: str, attributes: str) -> str:
    return f'<label for="{name}">{escape(label)}</label>\n<input id="{name}" name="{name}" required {attributes}>\n'


def inside(person: Person, organisation: str, language: Language) -> Response:
    """Return who is logged in, and for whom, with what logs out."""
    words, role = _WORDS[language], roles.codes()[person.role][language]
    said = ((words["person"], person.name), (words["role"], role), (words["organisation"], organisation))
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n" for name, value in said)
    return page(words["inside"], f"<dl>\n{rows}</dl>\n{_logout(words)}", language)


def leaving(language: Language) -> Response:
    """Return the question whether somebody wants to log out."""
    return page(_WORDS[language]["leaving"], _logout(_WORDS[language]), language)


def _logout(words: Mapping[str, str]) -> str:
    return f'<form method="post" action="/logout"><button>{escape(words["logout"])}</button></form>'


def outside(provider: str, language: Language) -> Response:
    """Return that somebody is logged out; `provider` is where one logs out of the provider too, '' for nowhere."""
    words = _WORDS[language]
    also = f'<p><a href="{escape(provider)}">{escape(words["at-provider"])}</a></p>\n' if provider else ""
    return page(words["outside"], f"{also}{_again(words)}", language)


def refused(language: Language) -> Response:
    """Return that somebody was not let in."""
    words = _WORDS[language]
    content = f'<p class="problem" role="alert">{escape(words["refused-text"])}</p>\n{_again(words)}'
    return page(words["refused"], content, language, HTTPStatus.FORBIDDEN)


def problem(text: str, status: int, language: Language, after: int | None = None) -> Response:
    """Return what is wrong with what was asked, and in how many seconds it may be otherwise."""
    words = _WORDS[language]
    said = words["later"].format(after) if after is not None else text
    response = page(
        words["problem"], f'<p class="problem" role="alert">{escape(said)}</p>\n{_again(words)}', language, status
    )
    if after is not None:
        response.headers["Retry-After"] = str(after)
    return response


def _again(words: Mapping[str, str]) -> str:
    return f'<a class="button" href="/login">{escape(words["again"])}</a>'
