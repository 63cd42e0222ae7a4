"""Whether what is answered stands in the OpenAPI document: asked of every answer that a test of this folder gets."""

from __future__ import annotations

import json
import re
from functools import cache
from http import HTTPStatus
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

_DOCUMENT = "/openapi.json"
_NO_BODY = {HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class DocumentedClient(FlaskClient):
    """A client to which nothing is answered that the document does not tell of."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Return the answer. AssertionError when the document has no such status or content type there."""
        response = super().open(*args, **kwargs)
        request = response.request
        if request.path != _DOCUMENT:
            told = answers(super().open(_DOCUMENT).data, request.method, request.path)
            if told is not None:
                check(told, response)
        return response


def check(told: dict[str, Any], response: TestResponse) -> None:
    """Fail when an answer is not one of those that are told."""
    code = str(response.status_code)
    found = told.get(code) or told.get(f"{code[0]}XX")
    assert found is not None, f"{response.request.method} {response.request.path}: {code} is not documented"
    if response.data and response.status_code not in _NO_BODY:
        media = (response.content_type or "").partition(";")[0]
        assert {media, "*/*"} & set(found.get("content", {})), (
            f"{response.request.path}: {code} with {media} is not documented"
        )


@cache
def _patterns(document: bytes) -> tuple[dict[str, Any], list[tuple[re.Pattern[str], dict[str, Any]]]]:
    read = json.loads(document)
    paths = sorted(read["paths"].items(), key=lambda path: path[0].count("{"))  # the most literal first
    return read, [(re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), item) for path, item in paths]


def answers(document: bytes, method: str, path: str) -> dict[str, Any] | None:
    """Return what is told of the answers to a method on a path, None when it is not told of at all."""
    read, patterns = _patterns(document)
    item = next((item for pattern, item in patterns if pattern.fullmatch(path)), None)
    if item is None or method.lower() not in item:
        return None
    return {code: _resolved(read, answer) for code, answer in item[method.lower()]["responses"].items()}


def _resolved(read: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    for step in answer.get("$ref", "#").split("/")[1:]:
        read = read[step]
    return read if "$ref" in answer else answer
