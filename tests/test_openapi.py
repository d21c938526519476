"""The manual of the API and the OpenAPI document: what they say is what the routes and their handlers do."""

import ast
import inspect
import json
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from pixelhost import errors, openapi, pixeldrain, privasfer, pwpush
from pixelhost.app import DIALECTS, build_app
from pixelhost.core.nodechanges import BRANDING
from pixelhost.pixeldrain import filesystem
from pixelhost.pixeldrain.manual import nodechanges
from pixelhost.privasfer import sent
from pixelhost.site import Site
from pixelhost.wire import manual, params
from pixelhost.wire.manual import Operation, ReadByName
from tests.support.client import RealServer, fresh_client
from tests.support.people import Person

OPERATIONS = [operation for dialect in DIALECTS for operation in dialect.manual.operations]
KEYED = [one for one in OPERATIONS if one.who in {"account", "administrator"}]
UNLISTED = {route for dialect in DIALECTS for route in dialect.manual.unlisted}
DOCUMENTED: Mapping[str, Mapping[str, int]] = json.loads(
    (Path(__file__).parent / "pixeldrain" / "errors.json").read_text(encoding="utf-8")
)["endpoints"]
DOCUMENT = json.loads(json.dumps(openapi.document([dialect.manual for dialect in DIALECTS], "https://files.example")))
HANDLERS = {
    manual.key(route.method, route.path): route.handler
    for route in (*pixeldrain.ROUTES, *pwpush.ROUTES, *privasfer.ROUTES)
}
VOICES = {operation.name: dialect.manual.voice for dialect in DIALECTS for operation in dialect.manual.operations}
READERS = {params.query, params.form, params.json, params.from_text, sent.read}
PACKAGES = (pixeldrain.__name__, privasfer.__name__)


def routes_of_apis() -> set[str]:
    """Those under /api, and all of Password Pusher's."""
    return {
        manual.key(route.method, route.path)
        for dialect in DIALECTS
        for route in dialect.routes
        if dialect is pwpush.DIALECT or (route.path.startswith("/api/") and dialect is not openapi.DIALECT)
    }


def test_every_route_of_the_apis_is_in_the_manual_and_nothing_else_is():
    told = {operation.route for operation in OPERATIONS}
    assert routes_of_apis() == told | UNLISTED
    assert not told & UNLISTED


def test_an_operation_is_told_once():
    names = [operation.name for operation in OPERATIONS]
    assert sorted(set(names)) == sorted(names)


def test_every_way_to_read_a_path_and_every_action_is_in_the_manual():
    ways = {one.variant.removeprefix("?") for one in OPERATIONS if one.route == "GET /filesystem/{path}"}
    actions = {one.variant.removeprefix("action=") for one in OPERATIONS if one.route == "POST /filesystem/{path}"}
    assert ways == {*filesystem.SUB_APIS, ""}
    assert actions | {"mkdirall"} == set(filesystem.ACTIONS)


def called(function: Callable[..., Any]) -> Iterator[tuple[ast.Call, Mapping[str, Any]]]:
    """Calls in a handler and in what it calls of its dialect, each with the names that it knows."""
    waiting, seen = [function], set()
    while waiting:
        one = inspect.unwrap(waiting.pop())
        if one in seen or not inspect.isfunction(one) or not one.__module__.startswith(PACKAGES):
            continue
        seen.add(one)
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(one)))):
            if isinstance(node, ast.Call):
                yield node, one.__globals__
                waiting.append(found(node.func, one.__globals__))


def found(node: ast.expr, names: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        return getattr(found(node.value, names), node.attr, None)
    return None


def read_by(function: Callable[..., Any]) -> set[type]:
    """The dataclasses that a handler reads."""
    return {
        wanted
        for call, names in called(function)
        if found(call.func, names) in READERS
        and len(call.args) == 2
        and isinstance(wanted := found(call.args[1], names), type)
    }


def handler_of(operation: Operation) -> list[Callable[..., Any]]:
    if operation.route == "GET /filesystem/{path}":
        return [filesystem.SUB_APIS.get(operation.variant.removeprefix("?"), filesystem.read)]
    if operation.route == "POST /filesystem/{path}":
        return [filesystem.ACTIONS[operation.variant.removeprefix("action=")]]
    return [HANDLERS[operation.route]]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_the_manual_tells_the_parameters_that_the_handler_reads(operation: Operation):
    read = set().union(*(read_by(handler) for handler in handler_of(operation)))
    told = {*operation.query, *operation.form, *operation.json}
    assert {one for one in told if not issubclass(one, ReadByName)} == read


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_parameter_is_explained(operation: Operation):
    assert all(one.text.endswith((".", "`")) for one in manual.parameters(operation))
    fields = {
        declared.name
        for one in (*operation.query, *operation.form, *operation.json)
        for declared in params.declared(one)
    }
    assert set(operation.explained) - fields <= {*operation.path.replace("{", " ").replace("}", " ").split(), *COMMON}


COMMON = {"recaptcha_response", "download", "name", "files", "title", "anonymous"}
"""Explained in one place for several operations, of which not all take them."""


def test_the_names_of_branding_are_those_that_are_kept():
    assert {declared.name for declared in params.declared(nodechanges.Branding)} == set(BRANDING)


@pytest.mark.parametrize("endpoint", DOCUMENTED)
def test_every_documented_refusal_of_an_endpoint_is_in_the_manual(endpoint: str):
    route = endpoint.partition("?")[0]
    told = {(kind.code, kind.status) for one in OPERATIONS if one.route == route for kind in manual.refusals(one)}
    told |= {(kind.code, kind.status) for kind in manual.ANYWHERE}
    assert set(DOCUMENTED[endpoint].items()) <= told


def test_a_parameter_brings_the_refusals_of_its_type_and_its_marks():
    found = manual.refusals(next(one for one in OPERATIONS if one.name == "GET /admin/users"))
    assert {errors.INTEGER_PARSE_FAILED, errors.INTEGER_OUT_OF_RANGE, errors.STRING_OUT_OF_RANGE} <= set(found)
    assert {errors.AUTHENTICATION_REQUIRED, errors.FORBIDDEN} <= set(found)


@pytest.fixture
async def stranger(site: Site) -> AsyncIterator[Person]:
    """Of a server that sends mail, without which some routes aren't there."""
    mailing = replace(site, settings=replace(site.settings, smtp_url="smtp://127.0.0.1:9"))
    async with RealServer(build_app(mailing)) as server, fresh_client(server) as client:
        yield Person("", "", client)


@pytest.mark.parametrize("operation", KEYED, ids=lambda one: one.name)
async def test_what_needs_a_key_says_so_to_strangers(stranger: Person, operation: Operation):
    voice = VOICES[operation.name]
    path = operation.path.replace("{id}", str(UUID(int=1)) if voice == "words" else "abcd1234")
    path = path.replace("{month}", "2026-01").replace("{token}", "abcdefgh").replace("{", "").replace("}", "")
    answer = await stranger.ask(operation.method, operation.base + path)
    assert answer.status == 401
    if voice == "codes":
        assert answer.value == "authentication_required"
    elif voice == "words":
        assert answer.json == {"error": errors.AUTHENTICATION_REQUIRED.message}
    else:
        assert answer.json == {"message": "Unauthenticated."}


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.who == "administrator"], ids=lambda one: one.name
)
async def test_what_is_for_administrators_is_forbidden_to_others(alice, operation: Operation):
    path = operation.path.replace("{month}", "2026-01").replace("{", "").replace("}", "")
    assert (await alice.ask(operation.method, f"/api{path}")).refusal == (403, "forbidden")


def test_the_document_is_valid_openapi_3_1():
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_the_document_has_every_operation():
    told = {f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert {one["url"] for one in DOCUMENT["servers"]} == {"https://files.example/api"}
    assert DOCUMENT["paths"]["/p.json"]["post"]["servers"] == [{"url": "https://files.example"}]
    assert told == {operation.route for operation in OPERATIONS}


def test_the_document_says_what_a_parameter_may_be():
    users = DOCUMENT["paths"]["/admin/users"]["get"]["parameters"]
    assert {"minimum": 1, "maximum": 1000, "default": 100}.items() <= users[1]["schema"].items()
    assert users[0]["schema"]["maxLength"] == 254
    series = DOCUMENT["paths"]["/file/{id}/timeseries"]["get"]["parameters"]
    assert [one["name"] for one in series if one["required"]] == ["id", "start", "end", "interval"]
    assert series[1]["schema"] == {"type": "string", "format": "date-time"}
    formats = DOCUMENT["paths"]["/user/files"]["get"]["parameters"]
    assert formats[-1]["schema"] == {"type": "string", "enum": ["json", "csv"], "default": "json"}


def test_the_document_says_what_a_body_holds():
    upload = DOCUMENT["paths"]["/file"]["post"]["requestBody"]["content"]
    assert list(upload) == ["multipart/form-data"]
    assert (
        upload["multipart/form-data"]["schema"]["properties"]["file"]["contentMediaType"] == "application/octet-stream"
    )
    new_list = DOCUMENT["paths"]["/list"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert new_list["properties"]["files"]["items"] == {"$ref": "#/components/schemas/ListEntry"}
    node = DOCUMENT["paths"]["/filesystem/{path}"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert len(node["anyOf"]) == 4


def test_the_document_says_what_lies_in_an_envelope():
    push = DOCUMENT["paths"]["/v2/pushes"]["post"]["requestBody"]["content"]
    in_json = push["application/json"]["schema"]["properties"]["push"]["properties"]
    assert in_json["kind"]["enum"] == ["file", "qr", "text", "url"]
    assert in_json["expire_after_days"]["default"] == 7
    in_form = push["application/x-www-form-urlencoded"]["schema"]["properties"]
    assert in_form.keys() == {f"push[{name}]" for name in in_json}
    assert push["multipart/form-data"]["schema"]["properties"].keys() == {*in_form, "push[files][]"}


def test_the_document_says_which_refusals_are_in_words():
    refused = DOCUMENT["paths"]["/v2/pushes"]["post"]["responses"]
    told = {
        status: refused[status]["content"]["application/json"]["schema"] for status in ("400", "401", "422", "default")
    }
    worded, by_field = {"$ref": "#/components/schemas/WordedError"}, {"$ref": "#/components/schemas/FieldErrors"}
    assert told == {"400": worded, "401": worded, "422": by_field, "default": worded}


def test_the_document_says_which_refusals_come_with_which_status():
    refused = DOCUMENT["paths"]["/file/{id}"]["get"]["responses"]["451"]
    assert refused["content"]["application/json"]["schema"]["allOf"][1] == {
        "properties": {"value": {"enum": ["unavailable_for_legal_reasons"]}}
    }
    assert errors.FILE_TAKEN_DOWN.message in refused["description"]


def test_the_document_has_the_answer_to_everything_that_one_route_does():
    answered = DOCUMENT["paths"]["/filesystem/{path}"]["get"]["responses"]["200"]
    told = answered["content"]["application/json"]
    types = {one["type"] for one in told["schema"]["anyOf"]}
    assert types == {"object", "array"}
    assert isinstance(told["examples"]["search"]["value"], list)
    assert "- `?search`: An array of paths" in answered["description"]


def test_the_document_says_which_refusals_are_messages():
    refused = DOCUMENT["paths"]["/mails"]["post"]["responses"]
    assert {"400", "401", "403", "422", "429"} <= refused.keys()
    schema = {"$ref": "#/components/schemas/Message"}
    assert all(refused[status]["content"]["application/json"]["schema"] == schema for status in ("401", "422"))


def test_the_document_says_what_takes_a_key():
    paths = DOCUMENT["paths"]
    assert {} in paths["/file/{id}"]["get"]["security"]
    assert paths["/user"]["get"]["security"] == [{"basic": []}, {"bearer": []}, {"cookie": []}]


async def test_the_document_is_served_with_the_address_of_this_site_also_to_pages_of_others(anyone):
    answer = await anyone.get("/api/openapi.json")
    assert answer.status == 200
    assert answer.json["servers"] == [{"url": str(anyone.client.make_url("/api"))}]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
