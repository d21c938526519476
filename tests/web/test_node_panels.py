"""What the pages about a node tell: search, activity, figures, properties, its domain."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from pixelhost.plans import BUILT_IN
from pixelhost.site import Site
from tests.support.certificates import certificate, pem
from tests.support.people import Person
from tests.web.directories import send
from tests.web.reading import read, stranger_at, visit

PRIVATE = ec.generate_private_key(ec.SECP256R1())
CERTIFICATE, KEY = certificate(PRIVATE), pem(PRIVATE)
OTHER_KEY = pem(ec.generate_private_key(ec.SECP256R1()))


async def test_a_search_finds_what_is_below(alice: Person):
    await alice.write("/me/docs/Letters/to mum.txt")
    await alice.write("/me/mum.txt")
    page = await visit(alice, "/d/me/docs?search=MUM")
    assert [(link.text, link["href"]) for link in page.all("a") if "mum" in link["href"]] == [
        ("to mum.txt", "/d/me/docs/Letters/to%20mum.txt")
    ]
    short = await visit(alice, "/d/me?search=m")
    assert short.one("input", type="search")["aria-invalid"] == "true"


async def test_the_activity_log_is_switched_on_and_shows_what_happened(alice: Person):
    await alice.mkdir("/me/docs")
    assert "The log is off." in (await visit(alice, "/d/me/docs?activity")).text
    await send(alice, "/me/docs", action="logging", logging="true")
    await alice.write("/me/docs/a.txt")
    await alice.act("/me/docs/a.txt", "rename", target="/me/docs/b.txt")
    text = (await visit(alice, "/d/me/docs?activity")).text
    assert text.index("moved /a.txt → /b.txt") < text.index("made /a.txt")
    await send(alice, "/me/docs", action="logging", logging="false")
    assert "The log is off." in (await visit(alice, "/d/me/docs?activity")).text


async def test_downloads_are_shown_as_plots(alice: Person, anyone: Person, clock, flush):
    await alice.write("/me/docs/a.txt", b"x" * 1000)
    share_id = await alice.share("/me/docs")
    await anyone.fs("GET", f"/{share_id}/a.txt")
    await flush()
    clock.advance(minutes=1)
    for range_ in ("day", "week", "month", "year", "bogus"):
        page = await visit(alice, f"/d/me/docs?figures&range={range_}")
        assert "Downloads in all 1" in page.text
        assert len(page.all("rect", class_="mark")) == 2


async def test_properties_do_not_count_what_is_shared_with_others_only(alice: Person, anyone: Person):
    await alice.mkdir("/me/pics/open", "/me/pics/closed")
    await alice.share("/me/pics/closed", link={})
    share_id = await alice.share("/me/pics")
    assert "2 entries" in (await visit(alice, "/d/me/pics?properties")).text
    assert "1 entry" in (await visit(anyone, f"/d/{share_id}?properties")).text


@pytest.mark.parametrize("action", ["move", "delete", "download", "move-now"])
async def test_too_large_a_choice_is_refused_with_what_to_do(alice: Person, action: str):
    await alice.mkdir("/me/docs")
    names = [f"{number:05}{'x' * 200}" for number in range(21_000)]
    page = read(await send(alice, "/me/docs", *names, action=action, to="/me"))
    assert page.status == 413
    assert "Choose fewer entries" in page.text


async def test_properties_tell_the_digest(alice: Person):
    node = await alice.write("/me/a.txt")
    assert node["sha256_sum"] in (await visit(alice, "/d/me/a.txt?properties")).text


class TestDomains:
    @pytest.fixture
    async def docs(self, alice: Person) -> None:
        await alice.mkdir("/me/docs")

    @pytest.mark.usefixtures("docs")
    async def test_a_directory_gets_a_domain_with_its_certificate_and_loses_both(self, site: Site, alice: Person):
        sent = {
            "custom_domain_name": " Files.Example.com ",
            "custom_domain_cert": CERTIFICATE,
            "custom_domain_key": KEY,
        }
        crlf = {name: value.replace("\n", "\r\n") for name, value in sent.items()}

        answer = await send(alice, "/me/docs", action="domain", **crlf)

        assert (answer.status, answer.headers["Location"]) == (303, "/d/me/docs?domain=&done=saved")
        page = await visit(alice, "/d/me/docs?domain")
        assert page.one("input", name="custom_domain_name")["value"] == "files.example.com"
        assert page.one("textarea", name="custom_domain_key").text.strip() == ""
        assert await site.db.fetchval("SELECT custom_domain_cert FROM nodes WHERE name = 'docs'") == CERTIFICATE

        refused = read(await send(alice, "/me/docs", action="domain", custom_domain_name="b.example.com"))
        assert "The certificate is not for this domain" in refused.text
        await send(alice, "/me/docs", action="domain", custom_domain_name="files.example.com")
        assert await site.db.fetchval("SELECT custom_domain_cert FROM nodes WHERE name = 'docs'") == CERTIFICATE

        answer = await send(alice, "/me/docs", action="undomain")
        assert answer.headers["Location"] == "/d/me/docs?domain=&done=domain_removed"
        assert "custom_domain_name" not in await alice.node("/me/docs")
        assert await site.db.fetchval("SELECT custom_domain_cert FROM nodes WHERE name = 'docs'") is None

    @pytest.mark.usefixtures("docs")
    @pytest.mark.parametrize(
        ("sent", "field"),
        [
            ({}, "custom_domain_name"),
            ({"custom_domain_name": "not a domain"}, "custom_domain_name"),
            ({"custom_domain_name": "a.example.com", "custom_domain_cert": "x"}, "custom_domain_key"),
            ({"custom_domain_name": "a.example.com", "custom_domain_key": "x"}, "custom_domain_cert"),
            (
                {"custom_domain_name": "a.example.com", "custom_domain_cert": "x", "custom_domain_key": "y"},
                "custom_domain_cert",
            ),
            (
                {
                    "custom_domain_name": "a.example.com",
                    "custom_domain_cert": CERTIFICATE,
                    "custom_domain_key": OTHER_KEY,
                },
                "custom_domain_cert",
            ),
            (
                {"custom_domain_name": "a.example.com", "custom_domain_cert": CERTIFICATE, "custom_domain_key": KEY},
                "custom_domain_cert",
            ),
        ],
    )
    async def test_what_is_wrong_is_said_beside_its_field(self, alice: Person, sent: dict[str, str], field: str):
        page = read(await send(alice, "/me/docs", action="domain", **sent))
        assert page.status >= 400
        [wrong] = [one for one in page.elements if one.attributes.get("aria-invalid") == "true"]
        assert wrong["name"] == field
        assert page.one("p", id=f"{field}-said").text
        assert page.one("input", name="custom_domain_name")["value"] == sent.get("custom_domain_name", "")
        assert "PRIVATE KEY" not in page.source
        assert "custom_domain_name" not in await alice.node("/me/docs")

    @pytest.mark.usefixtures("docs")
    async def test_a_domain_of_another_directory_is_refused_beside_its_field(self, alice: Person, bob: Person):
        await bob.mkdir("/me/d")
        await bob.update("/me/d", custom_domain_name="a.example.com")
        page = read(await send(alice, "/me/docs", action="domain", custom_domain_name="A.example.com"))
        assert page.one("input", name="custom_domain_name")["aria-invalid"] == "true"
        assert "Another directory is served on this domain already" in page.text

    @pytest.mark.usefixtures("docs")
    async def test_a_domain_that_is_not_served_says_so(self, site: Site, alice: Person):
        unserved = "Domains are not served while this server isn't told its own address"
        assert unserved in (await visit(alice, "/d/me/docs?domain")).text
        known = replace(site, settings=replace(site.settings, base_url="https://pixelhost.example"))
        async with stranger_at(known) as there:
            person = Person(alice.name, alice.key, there.client)
            assert unserved not in (await visit(person, "/d/me/docs?domain")).text
            page = read(await send(person, "/me/docs", action="domain", custom_domain_name="pixelhost.example"))
            assert page.one("input", name="custom_domain_name")["aria-invalid"] == "true"
            assert "This name belongs to the server itself" in page.text

    @pytest.mark.usefixtures("docs")
    async def test_only_the_owner_with_a_plan_for_it_is_offered_it(self, site: Site, alice: Person, bob: Person):
        share_id = await alice.share("/me/docs", user={"bob": {"read": True, "write": True}})
        assert (await visit(alice, "/d/me/docs?properties")).all("a", href="/d/me/docs?domain")
        assert not (await visit(bob, f"/d/{share_id}?properties")).all("a", href=f"/d/{share_id}?domain")
        assert "Only the owner" in (await visit(bob, f"/d/{share_id}?domain")).text
        answer = await send(bob, f"/{share_id}", action="domain", custom_domain_name="a.example.com")
        assert answer.status == 400
        plans = BUILT_IN | {"unlimited": msgspec.structs.replace(BUILT_IN["unlimited"], custom_domains=False)}
        async with stranger_at(replace(site, settings=replace(site.settings, plans=plans))) as there:
            poor = Person(alice.name, alice.key, there.client)
            assert not (await visit(poor, "/d/me/docs?properties")).all("a", href="/d/me/docs?domain")
            for page in (
                await visit(poor, "/d/me/docs?domain"),
                read(await send(poor, "/me/docs", action="domain", custom_domain_name="a.example.com")),
            ):
                assert page.status == 400
                assert "The plan of this account has no custom domains" in page.text
