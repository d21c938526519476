"""What a prepaid account notices over HTTP: its balance, who pays for downloads, and what stops without money."""

from pixelhost.core import billing, files
from pixelhost.site import Site
from tests.support.clock import MovableClock
from tests.support.money import EURO, TERABYTE, balance, give, id_of, stores, to_next_hour
from tests.support.people import Person, make_person
from tests.support.waiting import until

SOME_BYTES = b"x" * 1000


async def account(site: Site, client, name: str, plan_id: str = "prepaid", credit: int = 10 * EURO) -> Person:
    """With credit, and a meter that runs."""
    person = await make_person(site, client, name, plan_id=plan_id)
    if credit:
        await give(site, name, credit)
    await billing.charge_due(site)
    return person


async def paid_bytes(site: Site, name: str) -> int:
    """Transfer that this account has yet to be charged for."""
    user_id = await id_of(site, name)
    return int(await site.db.fetchval("SELECT transfer_bytes FROM meters WHERE user_id = $1", user_id) or 0)


async def use_up(site: Site, name: str, clock: MovableClock) -> None:
    """All the credit of an account, and a bit."""
    user_id = await id_of(site, name)
    await stores(site, user_id, 1_000_000 * TERABYTE)
    await site.db.execute("UPDATE meters SET storage_bytes = $1", 1_000_000 * TERABYTE)
    to_next_hour(clock)
    await billing.charge_due(site)
    await stores(site, user_id, len(SOME_BYTES))


async def test_the_balance_shows_in_micro_euro(site: Site, alice: Person):
    assert await balance(alice) == 0
    await give(site, "alice", 12_345_678)
    assert await balance(alice) == 12_345_678


async def test_visitors_of_a_prepaid_account_are_paid_for_by_it(site: Site, client, anyone: Person, flush):
    dave = await account(site, client, "dave")
    file_id = await dave.upload("a", SOME_BYTES)
    await anyone.get(f"/api/file/{file_id}")
    await flush()
    assert await paid_bytes(site, "dave") == 1000


async def test_a_prepaid_account_pays_for_what_it_downloads_from_others(limited, flush):
    place = await limited()
    site, client = place.site, place.client
    dave, erin = await account(site, client, "dave"), await account(site, client, "erin", "limited", 0)
    file_id = await erin.upload("a", SOME_BYTES)
    await dave.get(f"/api/file/{file_id}")
    await flush()
    assert (await paid_bytes(site, "dave"), await paid_bytes(site, "erin")) == (1000, 0)


async def test_of_two_prepaid_accounts_the_downloader_pays(site: Site, client, flush):
    dave, erin = await account(site, client, "dave"), await account(site, client, "erin")
    file_id = await erin.upload("a", SOME_BYTES)
    await dave.get(f"/api/file/{file_id}")
    await flush()
    assert (await paid_bytes(site, "dave"), await paid_bytes(site, "erin")) == (1000, 0)


async def test_whoever_lets_nobody_use_their_transfer_pays_for_their_own_downloads_only(
    site: Site, client, anyone: Person, flush
):
    dave = await account(site, client, "dave")
    file_id = await dave.upload("a", SOME_BYTES)
    assert (await dave.put("/api/user", data={"hotlinking_enabled": "false"})).status == 200
    await anyone.get(f"/api/file/{file_id}")
    await flush()
    assert await paid_bytes(site, "dave") == 0
    await dave.get(f"/api/file/{file_id}")
    await flush()
    assert await paid_bytes(site, "dave") == 1000


async def test_downloads_of_free_accounts_are_paid_for_by_nobody(limited, flush):
    place = await limited()
    site = place.site
    erin = await account(site, place.client, "erin", "limited", 0)
    file_id = await erin.upload("a", SOME_BYTES)
    await place.visitor(1).get(f"/api/file/{file_id}")
    await erin.get(f"/api/file/{file_id}")
    await flush()
    assert await site.db.fetchval("SELECT count(*) FROM meters") == 0


async def test_transfer_of_a_file_that_is_deleted_is_charged_all_the_same(
    site: Site, client, anyone: Person, flush, clock: MovableClock
):
    dave = await account(site, client, "dave")
    file_id = await dave.upload("a", b"x" * 3_000_000)
    await anyone.get(f"/api/file/{file_id}")

    async def is_counted() -> bool:
        await flush()
        return await paid_bytes(site, "dave") == 3_000_000

    await until(is_counted)
    await dave.delete(f"/api/file/{file_id}")
    to_next_hour(clock)
    await billing.charge_due(site)
    assert await balance(dave) == 10 * EURO - 3


async def test_an_account_without_credit_keeps_and_reads_all_it_has_and_adds_nothing(
    site: Site, client, anyone: Person, clock: MovableClock, flush
):
    dave = await account(site, client, "dave")
    file_id = await dave.upload("a", SOME_BYTES)
    await use_up(site, "dave", clock)

    subscription = (await dave.get("/api/user")).json["subscription"]
    assert (subscription["id"], subscription["type"]) == ("unpaid", "free")
    assert (await dave.put("/api/file/b", data=b"more")).refusal == (400, "user_out_of_space")
    assert (await dave.put("/api/filesystem/me/b", data=b"more")).refusal == (400, "user_out_of_space")
    for person in (dave, anyone):
        assert (await person.get(f"/api/file/{file_id}")).body == SOME_BYTES
    await flush()
    assert await paid_bytes(site, "dave") == 0
    assert (await dave.delete(f"/api/file/{file_id}")).status == 200


async def test_files_of_an_account_without_credit_never_expire(site: Site, client, clock: MovableClock):
    dave = await account(site, client, "dave")
    file_id = await dave.upload("a", SOME_BYTES)
    await use_up(site, "dave", clock)
    clock.advance(days=3650)
    await files.delete_due(site)
    assert (await dave.get(f"/api/file/{file_id}")).status == 200


async def test_with_credit_again_everything_is_as_before(site: Site, client, clock: MovableClock):
    dave = await account(site, client, "dave")
    await use_up(site, "dave", clock)
    debt = -await balance(dave)
    assert debt > 0
    assert (await dave.put("/api/user", data={"subscription": "prepaid"})).refusal == (
        400,
        "not_enough_credit_for_prepaid",
    )
    await give(site, "dave", debt + EURO)
    assert (await dave.get("/api/user")).json["subscription"]["id"] == "prepaid"
    await dave.upload("b", b"more")
