"""POST /filesystem/{path} with action=update: times, mode, sharing, branding, custom domains."""

import itertools
import re
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from pixelhost.app import build_app
from pixelhost.site import Site
from tests.pixeldrain.conftest import Place
from tests.support.certificates import certificate, pem
from tests.support.client import RealServer, fresh_client
from tests.support.elsewhere import change_rows
from tests.support.filesystem import picture, rights
from tests.support.people import Person


async def test_only_what_is_sent_is_changed(alice: Person, clock):
    before = await alice.write("/me/a", b"x", "?mode=640&created=2001-01-01T00:00:00Z&modified=2002-01-01T00:00:00Z")
    clock.advance(hours=1)
    for fields, changed in (
        ({"mode": "600"}, {"mode_octal": "600", "mode_string": "-rw-------"}),
        ({"mode": "100755"}, {"mode_octal": "755", "mode_string": "-rwxr-xr-x"}),
        ({"created": "2003-01-01T00:00:00Z"}, {"created": "2003-01-01T00:00:00.000000Z"}),
        ({"modified": "2004-01-01T00:00:00.1234567Z"}, {"modified": "2004-01-01T00:00:00.123456Z"}),
        ({}, {}),
        ({"unknown": "x"}, {}),
    ):
        after = await alice.update("/me/a", **fields)
        assert after == before | changed == await alice.node("/me/a")
        before = after


async def test_directories_have_times_and_modes_too(alice: Person):
    await alice.mkdir("/me/d")
    node = await alice.update("/me/d", modified="2001-01-01T00:00:00Z", mode="1777")
    assert (node["modified"], node["mode_string"]) == ("2001-01-01T00:00:00.000000Z", "drwxrwxrwt")


async def test_sharing_again_makes_another_id_and_the_old_one_stays_dead(alice: Person, anyone: Person):
    await alice.write("/me/d/a", b"x")
    first = await alice.share("/me/d")
    assert re.fullmatch(r"[A-Za-z0-9]{8}", first)
    assert (await alice.update("/me/d", shared=True))["id"] == first
    assert (await anyone.fs("GET", f"/{first}/a")).body == b"x"
    assert "id" not in await alice.update("/me/d", shared=False)
    assert (await anyone.fs("GET", f"/{first}/a")).refusal == (404, "not_found")
    assert (await alice.fs("GET", f"/{first}/a")).refusal == (404, "not_found")
    second = await alice.share("/me/d")
    assert second != first
    assert (await anyone.fs("GET", f"/{first}/a")).refusal == (404, "not_found")
    assert (await anyone.fs("GET", f"/{second}/a")).body == b"x"


async def test_a_share_can_be_changed_through_its_own_id(alice: Person, anyone: Person):
    await alice.mkdir("/me/d")
    share_id = await alice.share("/me/d")
    node = await alice.update(f"/{share_id}", mode="755", link_permissions={})
    assert (node["path"], node["mode_octal"]) == (f"/{share_id}", "755")
    assert (await anyone.fs("GET", f"/{share_id}")).refusal == (400, "permission_denied")


async def test_permissions_are_kept_while_a_node_is_not_shared(alice: Person, anyone: Person):
    await alice.mkdir("/me/d")
    await alice.share("/me/d", link={}, password={"pass": {"read": True}})
    hidden = await alice.update("/me/d", shared=False)
    assert hidden["password_permissions"] == {"pass": rights("read")}
    share_id = await alice.share("/me/d")
    assert (await anyone.fs("GET", f"/{share_id}")).refusal == (400, "permission_denied")
    assert (await anyone.fs("GET", f"/{share_id}", headers={"X-Node-Password": "pass"})).status == 200


async def test_one_kind_of_permissions_replaces_itself_alone(alice: Person, bob: Person):
    await alice.mkdir("/me/d")
    await alice.share(
        "/me/d", link={"read": True}, user={"bob": {"write": True}}, password={"a": {}, "b": {"read": True}}
    )
    node = await alice.update("/me/d", password_permissions={"c": {"delete": True}})
    assert node["link_permissions"] == rights("read")
    assert node["user_permissions"] == {"bob": rights("write")}
    assert node["password_permissions"] == {"c": rights("delete")}
    node = await alice.update("/me/d", user_permissions={}, password_permissions={})
    assert (node["user_permissions"], node["password_permissions"]) == ({}, {})


async def test_nobody_is_made_an_owner(alice: Person, bob: Person):
    await alice.mkdir("/me/d")
    everything = {"owner": True, "read": True, "write": True, "delete": True}
    share_id = await alice.share("/me/d", link=everything, user={"bob": everything}, password={"p": everything})
    node = await alice.node("/me/d")
    for given in (node["link_permissions"], node["user_permissions"]["bob"], node["password_permissions"]["p"]):
        assert given == rights("read", "write", "delete")
    assert (await bob.stat(f"/{share_id}"))["permissions"] == rights("read", "write", "delete")


async def test_a_named_account_keeps_its_rights_under_a_new_name(alice: Person, bob: Person, site: Site):
    await alice.mkdir("/me/d")
    share_id = await alice.share("/me/d", link={}, user={"BOB": {"read": True}})
    assert (await alice.node("/me/d"))["user_permissions"] == {"bob": rights("read")}
    await change_rows(site, "UPDATE users SET name = 'robert' WHERE name = 'bob'")
    assert (await alice.node("/me/d"))["user_permissions"] == {"robert": rights("read")}
    assert (await bob.fs("GET", f"/{share_id}")).status == 200
    await site.db.execute("DELETE FROM users WHERE name = 'robert'")
    assert (await alice.node("/me/d"))["user_permissions"] == {}


@pytest.mark.parametrize("name", ["nobody", "", "bob ", "a\0b", "x" * 1000, "💥"])
async def test_an_account_that_is_not_there_is_given_nothing(alice: Person, bob: Person, name: str):
    await alice.mkdir("/me/d")
    wanted = {"bob": {"read": True}, name: {"read": True}}
    refused = await alice.act("/me/d", "update", shared=True, user_permissions=wanted)
    assert refused.refusal == (404, "user_not_found")
    assert "id" not in await alice.node("/me/d")


MAPS = ["user_permissions", "password_permissions"]


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        *itertools.product(["link_permissions", *MAPS], ["", "{", "[]", "null", "1", '{"read": "yes"}']),
        *itertools.product(MAPS, ['{"bob": 1}', '{"bob": {"read": 1}}', '{"\\ud800": {}}']),
    ],
)
async def test_permissions_that_are_no_such_json(alice: Person, bob: Person, field: str, sent: str):
    await alice.mkdir("/me/d")
    refused = await alice.act("/me/d", "update", **{field: sent})
    assert refused.refusal == (422, "json_parse_failed")
    assert refused.json["extra"] == {"field": field}


@pytest.mark.parametrize("field", MAPS)
async def test_at_most_a_hundred_are_named(alice: Person, field: str):
    await alice.mkdir("/me/d")
    refused = await alice.act("/me/d", "update", **{field: {f"name{number}": {} for number in range(101)}})
    assert refused.refusal == (422, "string_out_of_range")
    assert refused.json["extra"] == {"field": field, "min_len": 0, "max_len": 100, "len": 101}
    assert (
        len(
            (await alice.update("/me/d", password_permissions={str(n): {} for n in range(100)}))["password_permissions"]
        )
        == 100
    )


async def test_logging_is_switched_on_and_off(alice: Person):
    await alice.write("/me/d/f")
    assert (await alice.update("/me/d", logging_enabled=True))["logging_enabled_at"].endswith("Z")
    assert "logging_enabled_at" not in await alice.update("/me/d", logging_enabled=False)
    assert (await alice.act("/me/d/f", "update", logging_enabled=True)).refusal == (400, "node_is_not_a_directory")


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"shared": "1"}, (422, "bool_parse_failed")),
        ({"shared": ""}, (422, "bool_parse_failed")),
        ({"logging_enabled": "on"}, (422, "bool_parse_failed")),
        ({"mode": "999"}, (422, "integer_parse_failed")),
        ({"mode": "77777"}, (422, "integer_out_of_range")),
        ({"created": ""}, (422, "time_parse_failed")),
        ({"modified": "2024-13-01T00:00:00Z"}, (422, "time_parse_failed")),
        ({"modified": "x", "created": "x", "mode": "x"}, (400, "multiple_errors")),
    ],
    ids=str,
)
async def test_what_is_no_such_value_changes_nothing(alice: Person, fields: dict[str, str], refusal: tuple[int, str]):
    before = await alice.write("/me/a")
    assert (await alice.act("/me/a", "update", **({"mode": "600"} | fields))).refusal == refusal
    assert await alice.node("/me/a") == before


COLORS = ["input", "highlight", "danger", "background", "body", "card"]


async def test_a_share_is_branded_and_the_brand_removed(alice: Person, anyone: Person):
    await alice.mkdir("/me/d")
    await alice.write("/me/logo.png", picture())
    image = await alice.share("/me/logo.png")
    brand = {
        "branding_enabled": "true",
        **{f"brand_{part}_color": "#Ff0000" for part in COLORS},
        "brand_header_image": image,
        "brand_background_image": image,
        "brand_header_link": "https://example.com/?a=b#c",
    }
    share_id = await alice.share("/me/d")
    assert (await alice.update("/me/d", **brand))["properties"] == brand
    assert (await anyone.node(f"/{share_id}"))["properties"] == brand
    kept = {name: value for name, value in brand.items() if name not in {"brand_header_image", "brand_body_color"}}
    assert (await alice.update("/me/d", brand_header_image="", brand_body_color=""))["properties"] == kept
    assert "properties" not in await alice.update("/me/d", **dict.fromkeys(brand, ""))


@pytest.mark.parametrize("color", ["#fff", "#FFFF", "#012345", "#01234567"])
async def test_colors(alice: Person, color: str):
    await alice.mkdir("/me/d")
    assert (await alice.update("/me/d", brand_card_color=color))["properties"] == {"brand_card_color": color}


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        *(({f"brand_{part}_color": "red"}, (422, "hex_parse_failed")) for part in COLORS),
        *(
            ({"brand_body_color": color}, (422, "hex_parse_failed"))
            for color in ("fff", "#ff", "#ggg", "#fff;x", "#fff\n", "\0")
        ),
        ({"branding_enabled": "yes"}, (422, "bool_parse_failed")),
        ({"brand_header_link": "http://example.com"}, (400, "invalid_link")),
        ({"brand_header_link": "javascript:alert(1)"}, (400, "invalid_link")),
        ({"brand_header_link": "https://"}, (400, "invalid_link")),
        ({"brand_header_link": "https://a\nb"}, (400, "invalid_link")),
        ({"brand_header_link": "https://a\0"}, (400, "invalid_link")),
        ({"brand_header_link": "https://" + "x" * 1000}, (422, "string_out_of_range")),
        ({"brand_header_image": "AAAAAAAA"}, (404, "branding_image_not_found")),
        ({"brand_background_image": "a\0b"}, (404, "branding_image_not_found")),
    ],
    ids=str,
)
async def test_brands_that_are_refused(alice: Person, fields: dict[str, str], refusal: tuple[int, str]):
    await alice.mkdir("/me/d")
    assert (await alice.act("/me/d", "update", **fields)).refusal == refusal
    assert "properties" not in await alice.node("/me/d")


async def test_a_brands_image_is_a_shared_image_of_the_same_filesystem(alice: Person, bob: Person):
    await alice.mkdir("/me/d")
    await alice.write("/me/a.txt")
    await alice.write("/me/a.png", picture())
    await bob.write("/me/a.png", picture())
    text, theirs, own = await alice.share("/me/a.txt"), await bob.share("/me/a.png"), await alice.share("/me/a.png")
    for image in (text, theirs, own.swapcase()):
        refused = await alice.act("/me/d", "update", brand_header_image=image)
        assert refused.refusal == (404, "branding_image_not_found")
    await alice.update("/me/d", brand_header_image=own)


EC_KEY = ec.generate_private_key(ec.SECP256R1())
PAIR = {"custom_domain_cert": certificate(EC_KEY), "custom_domain_key": pem(EC_KEY)}
KEYS = {
    "EC": EC_KEY,
    "RSA": rsa.generate_private_key(65537, 2048),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}


@pytest.mark.parametrize("kind", KEYS)
async def test_a_share_gets_a_domain_with_its_certificate_and_key(alice: Person, site: Site, kind: str):
    await alice.mkdir("/me/d")
    key = pem(KEYS[kind])
    # What a certificate authority gives: the server's own certificate, then that of who signed it.
    chain = certificate(KEYS[kind]) + certificate(EC_KEY)
    sent = {"custom_domain_name": "Files.Example.com", "custom_domain_cert": chain, "custom_domain_key": key}
    node = await alice.update("/me/d", **sent)
    assert node["custom_domain_name"] == "files.example.com"
    row = await site.db.fetchrow("SELECT custom_domain_cert, custom_domain_key FROM nodes WHERE name = 'd'")
    assert row["custom_domain_cert"] == chain
    assert key.splitlines()[1].encode() not in row["custom_domain_key"]
    assert b"PRIVATE" not in (await alice.fs("GET", "/me/d")).body
    assert "custom_domain_name" not in await alice.update("/me/d", custom_domain_name="")
    row = await site.db.fetchrow("SELECT custom_domain_cert, custom_domain_key FROM nodes WHERE name = 'd'")
    assert tuple(row) == (None, None)


async def test_a_domain_may_come_without_a_certificate_and_lose_it(alice: Person):
    await alice.mkdir("/me/d")
    await alice.update("/me/d", custom_domain_name="files.example.com")
    await alice.update("/me/d", **PAIR)
    await alice.update("/me/d", custom_domain_name="b.example.com", custom_domain_cert="", custom_domain_key="")
    assert (await alice.node("/me/d"))["custom_domain_name"] == "b.example.com"


@pytest.mark.parametrize(
    "pair",
    [
        {"custom_domain_cert": certificate(EC_KEY), "custom_domain_key": pem(KEYS["RSA"])},
        {"custom_domain_cert": certificate(KEYS["RSA"]) + certificate(EC_KEY), "custom_domain_key": pem(EC_KEY)},
        {"custom_domain_cert": PAIR["custom_domain_cert"]},
        {"custom_domain_key": PAIR["custom_domain_key"]},
        {"custom_domain_cert": "", "custom_domain_key": PAIR["custom_domain_key"]},
        {"custom_domain_cert": PAIR["custom_domain_cert"], "custom_domain_key": ""},
        {"custom_domain_cert": "garbage", "custom_domain_key": "garbage"},
        {"custom_domain_cert": PAIR["custom_domain_key"], "custom_domain_key": PAIR["custom_domain_cert"]},
        {"custom_domain_cert": PAIR["custom_domain_cert"][:200], "custom_domain_key": PAIR["custom_domain_key"]},
        {"custom_domain_cert": PAIR["custom_domain_cert"], "custom_domain_key": PAIR["custom_domain_key"] * 500},
        {"custom_domain_cert": "写\ufeff", "custom_domain_key": "写"},
        {
            "custom_domain_cert": PAIR["custom_domain_cert"],
            "custom_domain_key": pem(EC_KEY, serialization.BestAvailableEncryption(b"x")),
        },
    ],
    ids=[
        "other key",
        "chain in the wrong order",
        "no key",
        "no certificate",
        "empty certificate",
        "empty key",
        "garbage",
        "swapped",
        "cut off",
        "too long",
        "no ASCII",
        "encrypted key",
    ],
)
async def test_a_certificate_and_a_key_that_are_no_pair(alice: Person, pair: dict[str, str]):
    await alice.mkdir("/me/d")
    refused = await alice.act("/me/d", "update", custom_domain_name="files.example.com", **pair)
    assert refused.refusal == (400, "invalid_x509_keypair")
    assert "custom_domain_name" not in await alice.node("/me/d")


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "a..b",
        ".a.b",
        "a.b.",
        "-a.b",
        "a_b.c",
        "a b.c",
        "写.com",
        "1.2.3.4",
        "a.b/c",
        "a.b:80",
        "x." * 200 + "de",
    ],
)
async def test_what_is_no_domain(alice: Person, name: str):
    await alice.mkdir("/me/d")
    assert (await alice.act("/me/d", "update", custom_domain_name=name)).refusal == (400, "invalid_domain_name")


def named(domain: str) -> dict[str, str]:
    return {"custom_domain_cert": certificate(EC_KEY, domain), "custom_domain_key": pem(EC_KEY)}


@pytest.mark.parametrize("of", ["files.example.com", "FILES.example.com", "*.example.com"])
async def test_a_certificate_is_good_for_the_names_in_it(alice: Person, of: str):
    await alice.mkdir("/me/d")
    node = await alice.update("/me/d", custom_domain_name="files.example.com", **named(of))
    assert node["custom_domain_name"] == "files.example.com"


@pytest.mark.parametrize(
    "of", ["example.com", "other.example.com", "a.files.example.com", "*.files.example.com", "*.com", "f*.example.com"]
)
async def test_a_certificate_for_another_name_is_refused_whichever_comes_first(alice: Person, of: str):
    await alice.mkdir("/me/d")
    name = {"custom_domain_name": "files.example.com"}
    assert (await alice.act("/me/d", "update", **name, **named(of))).refusal == (400, "invalid_x509_keypair")
    for first, second in ((name, named(of)), (named(of), name)):
        await alice.update("/me/d", **first)
        refused = await alice.act("/me/d", "update", **second)
        assert refused.refusal == (400, "invalid_x509_keypair")
        assert refused.json["message"] == "The certificate is not for this domain"
        await alice.update("/me/d", custom_domain_name="")


async def test_a_certificate_without_names_is_for_no_domain(alice: Person):
    await alice.mkdir("/me/d")
    pair = {"custom_domain_cert": certificate(EC_KEY, names=()), "custom_domain_key": pem(EC_KEY)}
    refused = await alice.act("/me/d", "update", custom_domain_name="files.example.com", **pair)
    assert refused.refusal == (400, "invalid_x509_keypair")


@pytest.mark.parametrize(
    "name", ["pixelhost.example.com", "PIXELHOST.example.com", "a.b.pixelhost.example.com", "raw.example.net"]
)
async def test_the_names_of_the_site_are_nobodys(site: Site, alice: Person, name: str):
    await alice.mkdir("/me/d")
    changed = replace(
        site.settings, base_url="https://pixelhost.example.com:8443", content_origin="https://raw.example.net"
    )
    async with RealServer(build_app(replace(site, settings=changed))) as server, fresh_client(server) as client:
        person = Person(alice.name, alice.key, client)
        refused = await person.act("/me/d", "update", custom_domain_name=name)
        assert refused.refusal == (400, "invalid_domain_name")
        assert refused.json["message"] == "This name belongs to the server itself"
        for near in ("example.com", "notpixelhost.example.com", "pixelhost.example.com.org"):
            await person.update("/me/d", custom_domain_name=near)


async def test_a_domain_belongs_to_one_node(alice: Person, bob: Person):
    await alice.mkdir("/me/d")
    await bob.mkdir("/me/d")
    await alice.update("/me/d", custom_domain_name="files.example.com")
    refused = await bob.act("/me/d", "update", custom_domain_name="FILES.example.com")
    assert refused.refusal == (400, "resource_already_exists")
    await alice.update("/me/d", custom_domain_name="files.example.com")
    await alice.update("/me/d", custom_domain_name="")
    await bob.update("/me/d", custom_domain_name="files.example.com")


async def test_a_domain_is_a_matter_of_the_plan(limited):
    place: Place = await limited(filesystem_access=True, custom_domains=False)
    carol = await place.person("carol")
    await carol.mkdir("/me/d")
    for fields in ({"custom_domain_name": "files.example.com"}, PAIR):
        assert (await carol.act("/me/d", "update", **fields)).refusal == (400, "permission_denied")


async def test_how_a_node_is_shared_is_the_owners_business(alice: Person, bob: Person):
    await alice.mkdir("/me/d")
    everything = {"read": True, "write": True, "delete": True}
    share_id = await alice.share("/me/d", link=everything, user={"bob": everything})
    await bob.write(f"/{share_id}/own")
    for path in (f"/{share_id}", f"/{share_id}/own"):
        for fields in (
            {"shared": "true"},
            {"shared": "false"},
            {"logging_enabled": "true"},
            {"link_permissions": {}},
            {"user_permissions": {}},
            {"password_permissions": {}},
            {"custom_domain_name": ""},
            {"branding_enabled": "true"},
            {"mode": "600", "brand_body_color": ""},
        ):
            assert (await bob.act(path, "update", **fields)).refusal == (400, "permission_denied")
    renamed = await bob.act(f"/{share_id}/own", "rename", target=f"/{share_id}/new", shared="true")
    assert renamed.refusal == (400, "permission_denied")
    assert await alice.names("/me/d") == ["own"]
    assert (await bob.update(f"/{share_id}/own", mode="600"))["mode_octal"] == "600"


async def test_a_share_is_ended_through_its_own_id_too(alice: Person, anyone: Person):
    await alice.write("/me/d/a.txt")
    share_id = await alice.share("/me/d")

    answer = await alice.fs("POST", f"/{share_id}", data={"action": "update", "shared": "false"})

    assert (answer.status, answer.json["type"]) == (200, "dir")
    assert (await anyone.fs("GET", f"/{share_id}")).refusal == (404, "not_found")
    assert "id" not in await alice.node("/me/d")
