"""Every language is one file, says everything that the pages say, and is the one that a visitor wants."""

import json
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from pixelhost.web import languages
from pixelhost.web.languages import COOKIE, ENGLISH, LANGUAGES
from tests.web import unmarked
from tests.web.catalogue import PACKAGE, catalogues, gathered, missing
from tests.web.reading import visit

PLACEHOLDERS = re.compile(r"%\(\w+\)s|\{\w+\}|<[^>]+>")
TEMPLATES = sorted(unmarked.TEMPLATES.rglob("*.html"))
SCRIPTS = sorted(unmarked.SCRIPTS.rglob("*.js"))

NAMES = {"pixelhost", "JSON", "SHA", "Markdown", "BBCode", "HTML", "ID", "photo", "jpg"}
"""What is called the same everywhere."""

KEYS = {"Enter", "Escape", "Delete", "Arrow", "Files"}
"""Strings of scripts that are meant for the browser: keys, and the kind of what is dragged."""


def catalog(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.stem.replace("-", "_"), abort_invalid=True)


def forms(string: object) -> tuple[str, ...]:
    return (string,) if isinstance(string, str) else tuple(string or ())


@pytest.fixture(params=catalogues(), ids=lambda path: path.stem)
def path(request) -> Path:
    return request.param


def test_german_is_a_language():
    assert [path.stem for path in catalogues()] == ["de"]
    assert {tag: language.name for tag, language in LANGUAGES.items()} == {"en": "English", "de": "Deutsch"}


def test_a_catalogue_has_all_that_the_sources_say_and_nothing_else(path):
    said = {message.id for message in gathered() if message.id}
    translated = {message.id for message in catalog(path) if message.id}
    assert said - translated == set(), "make strings gathers these"
    assert translated - said == set(), "make strings removes these"


def test_a_catalogue_says_where_each_message_comes_from(path):
    """By that it is known which ones are for scripts."""
    places = {message.id: {place for place, _ in message.locations} for message in gathered() if message.id}
    found = {message.id: {place for place, _ in message.locations} for message in catalog(path) if message.id}
    assert found == places


def test_every_message_is_translated(path):
    assert missing(catalog(path)) == []


def test_a_plural_has_all_forms_of_the_language(path):
    found = catalog(path)
    for message in found:
        if message.pluralizable:
            assert len(forms(message.string)) == found.num_plurals, message.id


def test_translations_fill_in_and_mark_up_the_same_as_the_sources(path):
    for message in catalog(path):
        wanted = {tuple(sorted(PLACEHOLDERS.findall(one))) for one in forms(message.id)}
        for form in filter(None, forms(message.string) if message.id else ()):
            assert tuple(sorted(PLACEHOLDERS.findall(form))) in wanted, form


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.relative_to(unmarked.TEMPLATES).as_posix())
def test_every_word_of_a_template_can_be_translated(template):
    is_documentation = template.parent.name == "docs" and template.name != "layout.html"
    if is_documentation:
        return  # In English, and marked as such: see test_docs.py.
    assert unmarked.of_template(template, NAMES) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.relative_to(unmarked.SCRIPTS).as_posix())
def test_every_word_of_a_script_can_be_translated(script):
    assert unmarked.of_script(script, NAMES | KEYS) == []


def test_every_refusal_of_a_page_can_be_translated():
    found = {
        text
        for module in (PACKAGE / "web").rglob("*.py")
        for text in unmarked.refusals_of_module(module)
        if "docs" not in module.parts
    }
    assert found == set()


def test_words_that_cannot_be_translated_are_found(tmp_path):
    (tmp_path / "page.html").write_text(
        '<p title="A title">Some text {{ _("marked") }}</p>{{ copy("Copied text") }}{% trans %}marked{% endtrans %}'
    )
    assert unmarked.of_template(tmp_path / "page.html", NAMES) == ["A title", "Some text", "Copied text"]
    (tmp_path / "page.js").write_text(
        'toast("Not marked"); toast(t("Marked", { count: 1 })); say(`Also ${not} this`);'
        'say(`${n(count, "One of {count}", "All of {count}")}`);'
    )
    assert unmarked.of_script(tmp_path / "page.js", NAMES) == ["Not marked", "Also   this"]


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("de", "de"),
        ("de-CH", "de"),
        ("DE-at", "de"),
        ("de-Latn-DE-1996", "de"),
        ("fr", "en"),
        ("fr, de;q=0.3", "de"),
        ("de;q=0.4, en;q=0.8", "en"),
        ("de, en", "de"),
        ("en, de", "en"),
        ("en;q=0.2, de; Q=0.3", "de"),
        ("de;q=0", "en"),
        ("de;q=0, *", "en"),
        ("*", "en"),
        ("", "en"),
        ("de;q=much", "en"),
        ("de;q=nan, ;;, ,q=1", "en"),
        ("; rm -rf, de", "de"),
        ("deutsch", "en"),
        (", ".join(["fr"] * 1000) + ", de", "en"),
    ],
)
async def test_a_page_is_in_the_language_that_the_browser_prefers(anyone, accepted, chosen):
    page = await visit(anyone, "/login", **{"Accept-Language": accepted})
    assert page.one("html")["lang"] == chosen
    assert page.headers["Content-Language"] == chosen
    assert page.one("h1").text == {"en": "Log in", "de": "Anmelden"}[chosen]
    assert {"Accept-Language", "Cookie"} <= set(page.headers["Vary"].split(", "))


async def test_without_a_wish_a_page_is_in_english(anyone):
    page = await visit(anyone, "/")
    assert page.one("html")["lang"] == "en"
    assert "data-strings" not in page.one("html").attributes


async def test_what_was_chosen_in_the_footer_wins_over_the_browser(anyone):
    headers = {"Accept-Language": "en-US, en;q=0.9"}
    page = await visit(anyone, "/login?redirect=/user", **headers)
    assert page.one("html")["lang"] == "en"
    assert page.one("input", name="back")["value"] == "/login?redirect=/user"
    assert [button["value"] for button in page.all("button", name="language")] == ["en", "de"]
    answer = await anyone.post("/language", data={"language": "de", "back": "/login?redirect=/user"})
    assert (answer.status, answer.headers["Location"]) == (303, "/login?redirect=/user")
    chosen = answer.headers["Set-Cookie"].partition(";")[0]
    page = await visit(anyone, "/login?redirect=/user", Cookie=chosen, **headers)
    assert page.one("html")["lang"] == "de"
    assert page.one("button", aria_current="true").text == "Deutsch"
    chosen = (await anyone.post("/language", data={"language": "en"})).headers["Set-Cookie"].partition(";")[0]
    assert (await visit(anyone, "/", Cookie=chosen, **{"Accept-Language": "de"})).one("html")["lang"] == "en"


async def test_the_choice_is_kept_for_a_year_and_from_scripts(anyone):
    kept = (await anyone.post("/language", data={"language": "de"})).headers["Set-Cookie"]
    assert {part.strip() for part in kept.split(";")} == {
        f"{COOKIE}=de",
        *("HttpOnly", "Path=/", "SameSite=Lax", f"Max-Age={365 * 24 * 3600}"),
    }


@pytest.mark.parametrize("cookie", ["fr", "", "../de", "DE", '"de'])
async def test_a_cookie_with_no_language_of_ours_says_nothing(anyone, cookie):
    page = await visit(anyone, "/", Cookie=f"{COOKIE}={cookie}", **{"Accept-Language": "de"})
    assert page.one("html")["lang"] == "de"


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_another_site_does_not_choose(anyone, headers):
    answer = await anyone.post("/language", data={"language": "de"}, headers=headers)
    assert answer.status == 400
    assert "another site" in answer.body.decode()
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("wanted", ["fr", "", "../../etc/passwd", "DE"])
async def test_a_language_that_there_is_not_is_refused(anyone, wanted):
    answer = await anyone.post("/language", data={"language": wanted})
    assert answer.status == 422
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("back", "leads_to"),
    [
        ("/u/abc?range=week", "/u/abc?range=week"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("/\t/elsewhere.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        ("/u/abcdefgh/grab", "/u/abcdefgh"),
        ("/upload/list?x=1", "/upload"),
        ("/upload?files=abcdefgh", "/upload?files=abcdefgh"),
        ("/language", "/"),
        ("/d/me/a%2Fb?rename", "/d/me/a%2Fb?rename"),
        ("/no/such/page", "/no/such/page"),
    ],
)
async def test_a_choice_leads_back_within_this_site_only(anyone, back, leads_to):
    answer = await anyone.post("/language", data={"language": "de", "back": back})
    assert (answer.status, answer.headers["Location"]) == (303, leads_to)


async def strings_of(person, language: str) -> dict[str, object]:
    page = await visit(person, "/", **{"Accept-Language": language})
    answer = await person.get(page.one("html")["data-strings"], headers={"Accept-Encoding": "identity"})
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    found: dict[str, object] = json.loads(answer.body)
    return found


async def test_scripts_get_what_they_say_and_what_the_api_refuses_with(anyone):
    found = await strings_of(anyone, "de")
    wanted = {
        message.id if isinstance(message.id, str) else message.id[0]
        for message in gathered()
        if message.id
        and any(place.endswith(".js") or not place.startswith("pixelhost/web/") for place, _ in message.locations)
    }
    assert set(found) == wanted
    assert found["The link was copied"] == "Der Link ist kopiert"
    assert found["A list holds at most 10000 files"] == "Eine Liste fasst höchstens 10000 Dateien"
    assert "Password forgotten?" not in found


async def test_plurals_come_in_the_categories_that_a_browser_asks_for(anyone):
    found = await strings_of(anyone, "de")
    assert found["{count} file"] == {"one": "{count} Datei", "other": "{count} Dateien"}
    plurals = [one for one in found.values() if isinstance(one, dict)]
    assert all(set(one) == {"one", "other"} for one in plurals)


def test_a_language_with_more_categories_of_plurals_has_all_of_them(tmp_path):
    (tmp_path / "pl.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"\n\n'
        "#: pixelhost/web/static/page.js\n"
        'msgid "{count} file"\nmsgid_plural "{count} files"\n'
        'msgstr[0] "{count} plik"\nmsgstr[1] "{count} pliki"\nmsgstr[2] "{count} plików"\n'
    )
    polish = languages.read(tmp_path / "pl.po")
    assert polish.name == "Polski"
    assert polish.script_strings == {
        "{count} file": {"one": "{count} plik", "few": "{count} pliki", "many": "{count} plików"}
    }


def test_a_catalogue_must_be_named_after_a_language(tmp_path):
    (tmp_path / "klingon.po").write_text('msgid ""\nmsgstr ""\n')
    with pytest.raises(ValueError, match="klingon"):
        languages.read(tmp_path / "klingon.po")


async def test_a_refusal_is_in_the_language_of_the_visitor(anyone):
    page = await visit(anyone, "/u/nothere", **{"Accept-Language": "de"})
    assert (page.status, page.headers["Content-Language"]) == (404, "de")
    assert page.one("h1").text == "Hier ist nichts"
    page = await visit(anyone, "/nowhere", **{"Accept-Language": "de"})
    assert page.one("h1").text == "Diese Seite gibt es nicht"


async def test_the_api_speaks_english_to_programs(anyone):
    answer = await anyone.get("/api/file/nothere/info", headers={"Accept-Language": "de"})
    assert answer.json["message"] == "What you asked for does not exist, or does not exist any more"


async def test_a_wrong_field_is_told_in_the_language_of_the_visitor(alice):
    file_id = await alice.upload()
    page = await visit(alice, f"/u/{file_id}/edit", **{"Accept-Language": "de"})
    assert page.one("h1").text == "Diese Datei bearbeiten"
    answer = await alice.post(
        f"/u/{file_id}/edit",
        data={"name": "a.txt", "delete_after_date": "2001-01-01T00:00"},
        headers={"Accept-Language": "de", "Accept-Encoding": "identity"},
    )
    assert answer.status == 422
    assert "Das liegt in der Vergangenheit" in answer.body.decode()


async def test_figures_and_dates_are_written_as_the_language_does(alice):
    file_id = await alice.upload("long.bin", bytes(1_234_567))
    german = await visit(alice, f"/u/{file_id}", **{"Accept-Language": "de"})
    english = await visit(alice, f"/u/{file_id}")
    assert "1,23 MB" in german.text
    assert "1.23 MB" in english.text
    assert re.search(r"\d\. \w+\.? 20\d\d", german.text)
    assert re.search(r"\d [A-Z][a-z]+ 20\d\d", english.text)


def test_english_needs_no_catalogue():
    assert ENGLISH.script_strings == {}
