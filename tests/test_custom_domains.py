"""Nodes on domains of their own: by TLS and SNI, and behind a proxy that speaks TLS for us."""

import asyncio
import datetime as dt
import json
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pixelhost import jobs
from pixelhost.site import Site
from tests.pixeldrain.test_thumbnail import picture
from tests.support.certificates import certificate, pair, pem
from tests.support.clock import MovableClock
from tests.support.domains import SECONDS, Front, front, serve_on
from tests.support.mailbox import mail_to
from tests.support.people import Person, make_person

FAR = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
ONE, OTHER = "files.example.com", "films.example.org"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def here(site: Site) -> AsyncIterator[Front]:
    async with front(site) as made:
        yield made


@pytest.fixture
async def share_id(alice: Person, here: Front) -> str:
    """Of a directory of alice's that is served on ONE."""
    await alice.write("/me/docs/sub/a.txt", b"words")
    await alice.write("/me/docs/b.txt", b"b")
    await alice.write("/me/secret.txt", b"secret")
    found = await alice.share("/me/docs")
    await serve_on(alice, "/me/docs", ONE, ends_at=FAR)
    await here.hears(ONE)
    return found


async def test_two_domains_have_their_own_certificates_on_one_port(here: Front, alice: Person, bob: Person, share_id):
    await bob.write("/me/film.txt", b"film")
    await bob.share("/me/film.txt")
    await serve_on(bob, "/me/film.txt", OTHER, ends_at=FAR)
    await here.hears(OTHER)

    one, other = await here.ask(ONE), await here.ask(OTHER)

    assert (one.status, one.certificate) == (200, ONE)
    assert (other.status, other.certificate) == (200, OTHER)
    assert "b.txt" in one.text
    assert "film.txt" in other.text
    assert "b.txt" not in other.text


async def test_a_directory_is_at_the_root_and_its_links_stay_on_the_domain(here: Front, share_id: str):
    root, below = await here.ask(ONE, "/"), await here.ask(ONE, "/sub")
    file = await here.ask(ONE, "/sub/a.txt")
    assert (root.status, below.status, file.status) == (200, 200, 200)
    for page in (root, below, file):
        links = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)
        assert [link for link in links if link.startswith(("/d/", "/u/", "/login", "/user", "/docs"))] == []
        outward = [link for link in links if "://" in link and not link.startswith(f"https://{ONE}")]
        assert outward == []
        assert f'data-root="/{share_id}"' in page.text
    assert 'href="/sub"' in root.text
    assert 'href="/sub/a.txt"' in below.text
    assert f'rel="canonical" href="https://{ONE}/sub/a.txt"' in file.text


async def test_its_bytes_and_the_api_below_it_are_there(here: Front, share_id: str):
    data = await here.ask(ONE, f"/api/filesystem/{share_id}/sub/a.txt")
    assert (data.status, data.body) == (200, b"words")
    part = await here.ask(ONE, f"/api/filesystem/{share_id}/sub/a.txt", headers={"Range": "bytes=1-3"})
    assert (part.status, part.body) == (206, b"ord")
    stat = await here.ask(ONE, f"/api/filesystem/{share_id}?stat")
    assert [child["name"] for child in json.loads(stat.body)["children"]] == ["b.txt", "sub"]
    archive = await here.ask(ONE, f"/api/filesystem/{share_id}?bulk_download")
    assert archive.body.startswith(b"PK")
    style = re.findall(r'href="(/static/[^"]*base.css)"', (await here.ask(ONE)).text)[0]
    assert (await here.ask(ONE, style)).status == 200


async def test_large_files_go_through_tls_and_not_past_it(here: Front, alice: Person, share_id: str):
    data = bytes(range(256)) * (8 << 12)
    await alice.write("/me/docs/large.bin", data)
    assert (await here.ask(ONE, f"/api/filesystem/{share_id}/large.bin")).body == data
    assert (await here.ask_plain("127.0.0.1", f"/api/filesystem/{share_id}/large.bin")).body == data


async def test_bytes_come_from_here_where_nginx_sends_those_of_others(site: Site, alice: Person):
    await alice.write("/me/docs/b.txt", b"b")
    share_id = await alice.share("/me/docs")
    await serve_on(alice, "/me/docs", ONE, ends_at=FAR)
    async with front(site, accel="nginx") as here:
        await here.hears(ONE)
        answer = await here.ask(ONE, f"/api/filesystem/{share_id}/b.txt")
        assert (answer.body, "X-Accel-Redirect" in answer.headers) == (b"b", False)


@pytest.mark.parametrize(
    "path",
    [
        "/login",
        "/user",
        "/admin",
        "/docs",
        "/api/user",
        "/api/file/abcd1234",
        "/api/admin/users",
        "/api/filesystem",
        "/api/filesystem/",
        "/api/filesystem/me",
        "/p/abcdefghij",
        "/health",
        "/d/me",
        "/static/x/base.css",
        "/openapi.json",
    ],
)
async def test_the_rest_of_the_site_is_not_there(here: Front, alice: Person, share_id: str, path: str):
    for headers in ({}, {"Cookie": f"pd_auth_key={alice.key}"}):
        answer = await here.ask(ONE, path, headers=headers)
        assert answer.status == 404, path
        assert answer.cookies == ()
    for method in ("POST", "PUT", "DELETE"):
        assert (await here.ask(ONE, path, method=method)).status in {400, 404, 405}, (path, method)


async def test_other_shares_are_not_there(here: Front, alice: Person, bob: Person, share_id: str):
    await bob.write("/me/x.txt")
    others = await bob.share("/me/x.txt"), await alice.share("/me/docs/sub")
    for other in others:
        for path in (f"/api/filesystem/{other}", f"/d/{other}", f"/{other}", f"/api/filesystem/{other}?stat"):
            assert (await here.ask(ONE, path)).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/sub%2f..%2f..%2fsecret.txt",
        "//me/secret.txt",
        "/me/secret.txt",
        "/%00",
        "/.",
    ],
)
async def test_nothing_above_the_node_can_be_reached(here: Front, share_id: str, path: str):
    for prefix in ("", f"/api/filesystem/{share_id}"):
        answer = await here.ask(ONE, prefix + path)
        assert answer.status in {400, 404}, path
        assert b"secret" not in answer.body.replace(b"secret.txt", b"")


async def test_the_login_cookie_of_the_site_counts_for_nothing_there(here: Front, alice: Person, share_id: str):
    mine = {"Cookie": f"pd_auth_key={alice.key}"}
    page = await here.ask(ONE, headers=mine)
    assert page.status == 200
    assert "/logout" not in page.text
    assert page.cookies == ()
    stat = json.loads((await here.ask(ONE, f"/api/filesystem/{share_id}?stat", headers=mine)).body)
    assert stat["permissions"] == {"owner": False, "read": True, "write": False, "delete": False}
    form = urlencode({"action": "mkdir", "name": "x"}).encode()
    answer = await here.ask(ONE, "/", method="POST", body=form, headers=mine | FORM)
    assert answer.status in {400, 401, 403}
    assert await alice.names("/me/docs") == ["b.txt", "sub"]


async def test_the_password_of_a_share_is_kept_for_the_domain_alone(here: Front, alice: Person, share_id: str):
    await alice.share("/me/docs", link={}, password={"opensesame": {"read": True}})
    asked = await here.ask(ONE, "/sub")
    assert asked.status == 403
    assert 'type="password"' in asked.text
    assert "/login" not in asked.text

    form = urlencode({"action": "password", "password": "opensesame"}).encode()
    opened = await here.ask(ONE, "/sub", method="POST", body=form, headers=FORM)

    assert (opened.status, opened.headers["Location"]) == (303, "/sub")
    assert all("Secure" in cookie and "HttpOnly" in cookie for cookie in opened.cookies)
    cookie = {"Cookie": opened.cookies[0].partition(";")[0]}
    assert any("Path=/;" in f"{one};" for one in opened.cookies)
    assert "a.txt" in (await here.ask(ONE, "/sub", headers=cookie)).text
    wrong = await here.ask(ONE, "/sub", method="POST", body=form.replace(b"sesame", b"x"), headers=FORM)
    assert wrong.status == 403


async def test_a_certificate_is_replaced_while_it_serves(here: Front, alice: Person, share_id: str):
    open_before = await here.connect(ONE)
    later = dt.datetime(2101, 1, 1, tzinfo=dt.UTC)
    await serve_on(alice, "/me/docs", ONE, ends_at=later)

    async with asyncio.timeout(SECONDS):
        while True:
            connection = await here.connect(ONE)
            ends = connection.certificate_ends
            await connection.close()
            if ends == later:
                break
            await asyncio.sleep(0.02)

    assert (await open_before.ask(ONE)).status == 200
    await open_before.close()


async def test_a_domain_that_is_taken_away_is_nobodys_at_once(here: Front, alice: Person, share_id: str):
    connection = await here.connect(ONE)
    assert (await connection.ask(ONE)).status == 200
    await alice.update("/me/docs", custom_domain_name="")
    assert (await connection.ask(ONE)).status in {404, 421}
    await here.hears(ONE, is_known=False)
    for path in ("/", "/login", "/api/user"):
        assert (await connection.ask(ONE, path)).status == 421
    await connection.close()


async def test_an_administrator_takes_a_domain_away_and_who_it_is_can_have_it(
    site: Site, client, here: Front, alice: Person, bob: Person, share_id: str
):
    admin = await make_person(site, client, "admin", is_admin=True)
    path = f"/api/admin/custom_domain/{ONE}"
    for person in (alice, bob):
        assert (await person.delete(path)).refusal == (403, "forbidden")
    assert (await admin.delete(f"/api/admin/custom_domain/{ONE.upper()}")).status == 200
    await here.hears(ONE, is_known=False)
    assert "custom_domain_name" not in await alice.node("/me/docs")
    assert (await admin.delete(path)).refusal == (404, "not_found")
    await bob.write("/me/a.txt")
    await bob.share("/me/a.txt")
    await serve_on(bob, "/me/a.txt", ONE, ends_at=FAR)
    await here.hears(ONE)
    assert "a.txt" in (await here.ask(ONE)).text


async def test_a_node_that_goes_takes_its_domain_with_it(here: Front, alice: Person, share_id: str):
    await alice.fs("DELETE", "/me/docs", "?recursive=true")
    await here.hears(ONE, is_known=False)


async def test_what_is_not_shared_any_more_is_not_served(here: Front, alice: Person, share_id: str):
    await alice.update("/me/docs", shared=False)
    assert (await here.ask(ONE)).status == 404
    again = await alice.share("/me/docs")
    assert (await here.ask(ONE)).status == 200
    assert (await here.ask(ONE, f"/api/filesystem/{again}")).status == 200
    assert (await here.ask(ONE, f"/api/filesystem/{share_id}")).status == 404


async def test_a_banned_owner_and_one_without_the_plan_is_served_no_domain(
    site: Site, here: Front, alice: Person, share_id: str
):
    await site.db.execute("UPDATE users SET plan_id = 'free' WHERE name = 'alice'")
    assert (await here.ask(ONE)).status == 404
    await site.db.execute("UPDATE users SET plan_id = 'unlimited', banned_at = now() WHERE name = 'alice'")
    assert (await here.ask(ONE)).status == 404
    await site.db.execute("UPDATE users SET banned_at = NULL WHERE name = 'alice'")
    assert (await here.ask(ONE)).status == 200


async def test_what_is_taken_down_is_down_there_too(site: Site, here: Front, client, alice: Person, share_id: str):
    root = await make_person(site, client, "root", is_admin=True)
    await root.post("/api/admin/block_files", data={"text": f"/d/{share_id}/sub/a.txt", "type": "gore"})
    assert (await here.ask(ONE, "/sub/a.txt")).status == 451
    assert (await here.ask(ONE, f"/api/filesystem/{share_id}/sub/a.txt")).status == 451
    await root.post("/api/admin/block_files", data={"text": f"/d/{share_id}", "type": "gore"})
    assert (await here.ask(ONE)).status == 451


@pytest.mark.parametrize("name", [None, "nobody.example.net", f"x.{ONE}", "a" * 63 + ".example", "files.example.co"])
async def test_names_that_are_nobodys_are_refused_in_the_handshake(here: Front, share_id: str, name: str | None):
    with pytest.raises(ssl.SSLError) as refused:
        await here.connect(name)
    assert "UNRECOGNIZED_NAME" in str(refused.value).upper().replace(" ", "_")


@pytest.mark.parametrize("name", [ONE.upper(), "FILES.example.com"])
async def test_the_case_of_a_name_does_not_matter(here: Front, share_id: str, name: str):
    assert (await here.ask(name)).status == 200


async def test_garbage_in_the_handshake_harms_nobody(here: Front, share_id: str):
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 100, b"\0"):
        _, writer = await asyncio.open_connection("127.0.0.1", here.tls_port)
        writer.write(garbage)
        writer.close()
    assert (await here.ask(ONE)).status == 200


@pytest.mark.parametrize(
    "host", ["nobody.example.net", "127.0.0.1", OTHER, f"{ONE}.evil.example", f"evil@{ONE}", "a b", "", f"{ONE}:x"]
)
async def test_a_host_other_than_the_one_that_was_connected_to_is_misdirected(
    here: Front, bob: Person, share_id: str, host: str
):
    await bob.write("/me/x")
    await bob.share("/me/x")
    await serve_on(bob, "/me/x", OTHER, ends_at=FAR)
    await here.hears(OTHER)
    answer = await here.ask(host, "/", sni=ONE)
    assert answer.status in {400, 421}
    assert b"x" not in answer.body or answer.status == 421


async def test_a_second_host_header_is_no_way_in(here: Front, share_id: str):
    answer = await here.ask(ONE, sni=ONE, headers={"host": "127.0.0.1"})
    assert answer.status in {400, 421}


@pytest.mark.parametrize("host", [f"{ONE}:443", f"{ONE}.", f"{ONE}:8443"])
async def test_a_port_or_a_dot_behind_the_name_is_fine(here: Front, share_id: str, host: str):
    assert (await here.ask(host, sni=ONE)).status == 200


async def test_names_of_nobody_are_the_sites_where_it_has_a_certificate(site: Site, alice: Person, tmp_path: Path):
    certificate, key = pair("pixelhost.example", FAR)
    (tmp_path / "cert.pem").write_text(certificate)
    (tmp_path / "key.pem").write_text(key)
    async with front(site, tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem") as here:
        answer = await here.ask("pixelhost.example", "/login")
        assert (answer.status, answer.certificate) == (200, "pixelhost.example")
        await alice.write("/me/a/b.txt")
        await alice.share("/me/a")
        await serve_on(alice, "/me/a", ONE, ends_at=FAR)
        await here.hears(ONE)
        assert (await here.ask(ONE)).certificate == ONE
        assert (await here.ask("pixelhost.example", sni=ONE)).status == 421
        assert (await here.ask(ONE, sni="pixelhost.example")).status == 200


async def test_a_certificate_of_the_site_that_comes_before_its_key_waits_for_it(site: Site, tmp_path: Path):
    paths = {"tls_cert": tmp_path / "cert.pem", "tls_key": tmp_path / "key.pem"}
    first, second = pair("pixelhost.example", FAR), pair("pixelhost.example", FAR.replace(year=2101))
    for path, text in zip(paths.values(), first, strict=True):
        path.write_text(text)
    async with front(site, **paths) as here:
        paths["tls_cert"].write_text(second[0])
        await here.known.reload()
        connection = await here.connect("pixelhost.example")
        assert connection.certificate_ends == FAR
        await connection.close()

        paths["tls_key"].write_text(second[1])
        await here.known.reload()
        connection = await here.connect("pixelhost.example")
        assert connection.certificate_ends.year == 2101
        await connection.close()


async def test_a_certificate_of_the_site_with_a_key_of_another_kind_replaces_the_first(site: Site, tmp_path: Path):
    paths = {"tls_cert": tmp_path / "cert.pem", "tls_key": tmp_path / "key.pem"}
    async with front(site, **paths) as here:
        for number, key in enumerate((ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048))):
            ends_at = FAR.replace(year=2100 + number)
            paths["tls_cert"].write_text(certificate(key, "pixelhost.example", ends_at))
            paths["tls_key"].write_text(pem(key))
            await here.known.reload()
            connection = await here.connect("pixelhost.example")
            assert connection.certificate_ends == ends_at
            await connection.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_only_http_1_1_and_tls_from_1_2_on_are_spoken(here: Front, share_id: str):
    connection = await here.connect(ONE)
    assert connection.protocols == ("TLSv1.3", "http/1.1")
    await connection.close()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", here.tls_port, ssl=old, server_hostname=ONE)


async def test_an_expired_certificate_is_still_shown_and_its_owner_is_told(
    site: Site, client, here: Front, clock: MovableClock
):
    carol = await make_person(site, client, "carol", email="carol@example.com")
    await carol.write("/me/d/a.txt")
    await carol.share("/me/d")
    await serve_on(carol, "/me/d", ONE, ends_at=clock.now() - dt.timedelta(hours=1))
    await here.hears(ONE)
    assert (await here.ask(ONE)).status == 200
    for _ in range(2):
        await jobs.run(site, "certificates")
    [letter] = await mail_to(site, "carol@example.com")
    assert letter.subject == f"The certificate of {ONE} has ended"


async def test_warnings_come_14_7_and_1_days_before_the_end_and_after_it(site: Site, client, clock: MovableClock):
    carol = await make_person(site, client, "carol", email="carol@example.com")
    await carol.write("/me/d/a.txt")
    clock.hold()
    ends = clock.now().replace(microsecond=0) + dt.timedelta(days=20)
    await serve_on(carol, "/me/d", ONE, ends_at=ends)
    told = []
    for day in range(22):
        await jobs.run(site, "certificates")
        letters = await mail_to(site, "carol@example.com")
        if len(letters) > len(told):
            told.append((20 - day, letters[-1].subject.rpartition(f"{ONE} ")[2]))
        clock.advance(days=1)
    assert told == [(14, "ends soon"), (7, "ends soon"), (1, "ends soon"), (0, "has ended")]


async def test_a_new_certificate_begins_the_warnings_anew(site: Site, client, clock: MovableClock):
    carol = await make_person(site, client, "carol", email="carol@example.com")
    await carol.write("/me/d/a.txt")
    for days in (5, 6):
        await serve_on(carol, "/me/d", ONE, ends_at=clock.now() + dt.timedelta(days=days))
        await jobs.run(site, "certificates")
    assert len(await mail_to(site, "carol@example.com")) == 2


def behind_a_proxy(site: Site) -> Site:
    return replace(site, settings=replace(site.settings, trusted_proxies=(ip_network("127.0.0.0/8"),)))


OWN_NAMES = ("site.example.com", "www.site.example.com", "raw.example.net", "xn--bcher-kva.example")


@pytest.mark.parametrize("name", OWN_NAMES)
async def test_the_names_of_the_site_stay_its_own(site: Site, alice: Person, name: str):
    # Set while nobody knew that it is the site's.
    await alice.write("/me/docs/b.txt", b"b")
    await alice.share("/me/docs")
    await serve_on(alice, "/me/docs", name, ends_at=FAR)
    await alice.write("/me/a.txt")
    await alice.share("/me/a.txt")
    await serve_on(alice, "/me/a.txt", ONE, ends_at=FAR)
    own = {"base_url": "https://site.example.com:8443/files", "content_origin": "https://raw.example.net"}
    if name.startswith("xn--"):
        own["base_url"] = "https://Bücher.example"
    async with front(behind_a_proxy(site), **own) as here:
        await here.hears(ONE)
        answer = await here.ask_plain(name, "/login", headers={"X-Forwarded-Proto": "https"})
        assert answer.status == 200
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await here.connect(name)


async def test_domains_are_served_only_where_the_site_knows_its_own(site: Site, alice: Person):
    await alice.write("/me/a.txt")
    await alice.share("/me/a.txt")
    await serve_on(alice, "/me/a.txt", ONE, ends_at=FAR)
    async with front(behind_a_proxy(site), base_url="") as here:
        assert (await here.ask_plain(ONE, "/login", headers={"X-Forwarded-Proto": "https"})).status == 200
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await here.connect(ONE)


async def test_behind_a_trusted_proxy_the_host_decides(site: Site, alice: Person):
    await alice.write("/me/docs/b.txt")
    await alice.share("/me/docs")
    await alice.update("/me/docs", custom_domain_name=ONE)
    https = {"X-Forwarded-Proto": "https"}
    async with front(behind_a_proxy(site)) as here:
        page = await here.ask_plain(ONE, headers=https)
        assert page.status == 200
        assert "b.txt" in page.text
        assert (await here.ask_plain(ONE, "/login", headers=https)).status == 404
        assert (await here.ask_plain("127.0.0.1", "/login", headers=https)).status == 200


async def test_without_encryption_a_domain_only_leads_to_where_it_is_encrypted(site: Site, here: Front, share_id: str):
    answer = await here.ask_plain(ONE, "/sub?sort=size", headers={"X-Forwarded-Proto": "https"})
    assert (answer.status, answer.headers["Location"]) == (308, f"https://{ONE}/sub?sort=size")
    async with front(behind_a_proxy(site)) as proxied:
        assert (await proxied.ask_plain(ONE)).status == 308


@pytest.mark.parametrize(
    ("asked", "port", "where"),
    [
        (f"{ONE}:8080", 8443, f"https://{ONE}:8443/sub"),
        (f"{ONE}:8080", 443, f"https://{ONE}/sub"),
        (ONE, 8443, f"https://{ONE}/sub"),
    ],
)
async def test_who_names_the_plain_port_is_led_to_that_for_tls(
    site: Site, alice: Person, asked: str, port: int, where: str
):
    await alice.write("/me/docs/sub/a.txt")
    await alice.share("/me/docs")
    await serve_on(alice, "/me/docs", ONE, ends_at=FAR)
    async with front(site, tls_listen=("127.0.0.1", port)) as here:
        assert (await here.ask_plain(asked, "/sub")).headers["Location"] == where


async def test_branding_and_its_images_come_along(here: Front, alice: Person, bob: Person, share_id: str):
    png = picture(64, 64)
    await alice.write("/me/logo.png", png)
    logo = await alice.share("/me/logo.png")
    await alice.update("/me/docs", branding_enabled="true", brand_header_image=logo, brand_highlight_color="#ff0000")
    page = await here.ask(ONE, "/sub")
    assert f'src="/api/filesystem/{logo}"' in page.text
    assert (await here.ask(ONE, f"/api/filesystem/{logo}")).body == png
    style = re.findall(r'href="([^"]*\?theme)"', page.text)[0]
    assert style.startswith("/?")
    assert "--accent" in (await here.ask(ONE, style)).text
    assert (await here.ask(ONE, f"/api/filesystem/{logo}", method="DELETE")).status == 404


async def test_the_page_of_a_domain_says_until_when_its_certificate_is_good(alice: Person, clock: MovableClock):
    await alice.write("/me/d/a.txt")
    for days, said in ((100, "good until"), (13, "ends soon"), (-1, "has ended")):
        await serve_on(alice, "/me/d", ONE, ends_at=clock.now() + dt.timedelta(days=days))
        page = await alice.get("/d/me/d?domain", headers={"Accept-Encoding": "identity"})
        assert said in page.body.decode()
