"""The documentation: that it says what the code does, and everything of it."""

import json
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from pixelhost import settings
from pixelhost.app import DIALECTS
from pixelhost.cli import main
from pixelhost.plans import BUILT_IN, Plan, read_plans
from pixelhost.web.docs import ROUTES, guides, limits, reference
from pixelhost.wire import manual
from tests.web.reading import Page, visit

PATHS = [route.path for route in ROUTES]
OPERATIONS = [one for dialect in DIALECTS for one in dialect.manual.operations]
WORDED = [one for dialect in DIALECTS if dialect.manual.voice != "codes" for one in dialect.manual.operations]
TOP = Path(__file__).parents[2]


@pytest.fixture
async def api(anyone) -> Page:
    return await visit(anyone, "/docs/api")


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_is_there_for_everybody_and_leads_to_the_others(anyone, alice, path: str):
    for person in (anyone, alice):
        page = await visit(person, path)
        assert page.status == 200
        assert set(PATHS) <= {link["href"] for link in page.all("a")}


@pytest.mark.parametrize("path", PATHS)
async def test_every_link_leads_somewhere(anyone, path: str):
    for link in {one["href"] for one in (await visit(anyone, path)).all("a")}:
        if link.startswith("/"):
            answer = await anyone.get(link, headers={"Accept": "text/html"})
            assert answer.status in {200, 303}, link


@pytest.mark.parametrize("path", PATHS)
async def test_every_link_within_the_pages_has_its_goal(anyone, path: str):
    for link in {one["href"] for one in (await visit(anyone, path)).all("a") if "#" in one["href"]}:
        there = await visit(anyone, link.partition("#")[0] or path)
        assert there.source.count(f'id="{link.partition("#")[2]}"') == 1, link


async def test_every_operation_is_told_with_its_line_at_this_very_host(api: Page, anyone):
    here = str(anyone.client.make_url("/")).rstrip("/")
    lines = {one.text for one in api.all("code")}
    for operation in OPERATIONS:
        assert reference.filled(operation.curl, here) in lines
        assert operation.base + operation.path in {line.partition("?")[0] for line in lines}
    assert len(api.all("article")) == len(OPERATIONS)
    assert "{here}" not in api.source


async def test_a_line_has_no_key_but_a_variable_for_one(alice):
    page = await visit(alice, "/docs/api")
    assert alice.key not in page.source
    assert "curl -T photo.jpg -u :$KEY " in page.source
    assert "/user/api_keys" in {one["href"] for one in page.all("a")}


async def test_strangers_are_told_where_a_key_comes_from(api: Page):
    assert "/login?redirect=/user/api_keys" in {one["href"] for one in api.all("a")}


async def test_every_parameter_and_every_refusal_of_an_operation_stands_with_it(api: Page):
    for operation, article in zip(OPERATIONS, api.all("article"), strict=True):
        words = set(re.findall(r"[\w-]+", " ".join(article.pieces)))
        names = " ".join(one.name for one in manual.parameters(operation))
        assert set(re.findall(r"[\w-]+", names)) <= words, operation.name
        if operation in WORDED:
            assert all(kind.message in article.text for kind in manual.refusals(operation)), operation.name
        else:
            assert {kind.code for kind in manual.refusals(operation)} <= words, operation.name
        assert str(operation.status) in words


async def test_an_example_is_the_json_that_it_seems(api: Page):
    examples = [one.text for one in api.all("code") if one.text.startswith(("{\n", "[\n"))]
    assert len(examples) > 50
    for example in examples:
        json.loads(example)


async def test_what_the_api_page_calls_a_parameter_is_what_it_takes(api: Page):
    thumbnail = next(one for one in api.all("article") if one["id"] == "get-admin-users").text
    assert "whole number, 1 to 1,000" in thumbnail
    assert "else 100" in thumbnail
    assert "text, 0 to 254 characters" in thumbnail


async def test_the_settings_page_has_every_setting_with_its_default_and_meaning(anyone):
    page = await visit(anyone, "/docs/settings")
    names = [one.text for one in page.all("dt")]
    assert [name.partition(" ")[0] for name in names] == list(settings.FIELDS)
    for name, default in settings.defaults().items():
        told = next(one.text for one in page.all("div", id=name))
        assert settings.FIELDS[name].metadata["help"] in " ".join(told.split())
        assert (default or "empty") in told
        assert ("secret" in told) or not settings.FIELDS[name].metadata["secret"]


async def test_a_default_of_the_settings_page_is_the_one_that_holds(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    loaded = settings.shown(settings.load({}))
    said = settings.defaults()
    depending = {name for name in said if settings.FIELDS[name].metadata["default_is"]}
    assert depending == {"PIXELHOST_DATA_DIR", "PIXELHOST_WORKERS"}
    assert {name: said[name] for name in said if name not in depending} == {
        name: "" if settings.FIELDS[name].metadata["secret"] else loaded[name]
        for name in loaded
        if name not in depending
    }


def test_every_key_of_a_plan_is_explained():
    assert list(limits.MEANINGS) == [field.name for field in msgspec.structs.fields(Plan) if field.name != "id"]


async def test_the_built_in_plans_of_the_page_are_a_plans_file_that_makes_them(anyone, tmp_path: Path):
    page = await visit(anyone, "/docs/plans")
    text = next(one.text for one in page.all("pre"))
    assert tomllib.loads(text).keys() == BUILT_IN.keys()
    path = tmp_path / "plans.toml"
    path.write_text(text)
    assert read_plans(path) == BUILT_IN


async def test_the_page_about_running_a_server_has_the_files_of_deploy(anyone):
    page = await visit(anyone, "/docs/deploying")
    shown = {one.text for one in page.all("pre")}
    for name in ("pixelhost.service", "nginx.conf"):
        assert (TOP / "deploy" / name).read_text() in shown
        assert guides.deployed(name) == (TOP / "deploy" / name).read_text()


async def test_the_page_about_running_a_server_names_only_what_there_is(anyone):
    page = await visit(anyone, "/docs/deploying")
    code = "\n".join(one.text for one in page.all("code"))
    assert set(re.findall(r"PIXELHOST_[A-Z_]+", code)) <= settings.FIELDS.keys()
    for command in re.findall(r"^pixelhost ([\w-]+)", code, re.MULTILINE):
        assert command in main.commands
    assert ".venv/.run" in code
    assert "$(VENV)/.run:" in (TOP / "Makefile").read_text()


async def test_the_page_about_programs_configures_them_for_this_host(anyone):
    page = await visit(anyone, "/docs/clients")
    here = str(anyone.client.make_url("/")).rstrip("/")
    assert f"api_url = {here}/api" in page.source
    sharex = next(one["href"] for one in page.all("a") if "sharex" in one["href"])
    assert (await anyone.get(sharex)).status == 200


async def test_what_is_in_english_says_so_in_other_languages(anyone):
    page = await visit(anyone, "/docs", **{"Accept-Language": "de"})
    assert page.one("html")["lang"] == "de"
    assert page.one("h1").text == "Documentation"
    assert page.one("div", class_="page docs")["lang"] == "en"
