"""The plan of an account, prepaid ones to change to, and credit: deposits, and invoices that wait to be paid."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from aiohttp import web

from pixelhost import errors
from pixelhost.core import accounts, countries, gateways, invoices
from pixelhost.core.accounts import PREPAID_CREDIT_MICRO_EUR, PREPAID_PLANS, Changes
from pixelhost.core.gateways.contract import CANCELED, EXPIRED, FAILED, OPEN, PAID
from pixelhost.core.invoices import AMOUNT_MAX, AMOUNT_MIN, NAME_MAX, NAMED_NETWORKS, Wanted
from pixelhost.errors import ApiError, ApiErrors
from pixelhost.web import amounts, forms, languages, pages
from pixelhost.web.account import frame, problems
from pixelhost.web.forms import Problems
from pixelhost.web.languages import Language, mark
from pixelhost.wire import dialect
from pixelhost.wire.dialect import caller_of, site_of

MICRO_PER_EURO: Final = 1_000_000
NOT_AN_AMOUNT: Final = mark("Write it as a number of euro, like 10 or 12.50.")
OUT_OF_RANGE: Final = mark("A deposit is at least %(least)s euro, and at most %(most)s.")

NETWORKS: Final[Mapping[str, str]] = {
    "mollie": mark("Card, bank transfer and others, by Mollie"),
    "paypal": "PayPal",
    "bancontact": "Bancontact",
    "eps": "EPS",
    "ideal": "iDEAL",
    "p24": "Przelewy24",
    "trustly": "Trustly",
    "btc": "Bitcoin",
    "btc_lightning": "Bitcoin Lightning",
    "doge": "Dogecoin",
    "xmr": "Monero",
    "ltc": "Litecoin",
    "test": mark("Test payment, no money moves"),
}

STATUSES: Final[Mapping[str, str]] = {
    OPEN: mark("Waits to be paid"),
    PAID: mark("Paid"),
    CANCELED: mark("Cancelled"),
    EXPIRED: mark("Expired"),
    FAILED: mark("Failed"),
}


async def show(request: web.Request) -> web.Response:
    """GET /user/subscription"""
    return await _page(request, {}, forms.NONE)


async def act(request: web.Request) -> web.Response:
    """POST /user/subscription: `subscription` changes to a prepaid plan, else it is a deposit."""
    frame.account_of(request)
    sent = await forms.sent(request)
    try:
        if "subscription" in sent:
            wanted = Changes(subscription=sent["subscription"])
            await accounts.change(site_of(request), caller_of(request), wanted, [], dialect.here(request))
            return pages.see_other(request.path, done="plan_changed")
        return await _deposit(request, sent)
    except (ApiError, ApiErrors) as error:
        return await _page(request, sent, problems.of(request, error))


async def _deposit(request: web.Request, sent: Mapping[str, str]) -> web.Response:
    """Leads on to the page where it is paid.

    By a page of ours: a form that is redirected to another site is stopped by our own Content-Security-Policy.
    """
    site, account = site_of(request), frame.account_of(request)
    wanted = Wanted(
        amount=_micro_euros(request, sent.get("amount", "")),
        network=sent.get("network", ""),
        country=sent.get("country", ""),
        name=sent.get("name", "").strip(),
    )
    made = await invoices.create(site, account, wanted, dialect.here(request))
    await _remember(request, wanted)
    response = frame.answer(request, "to_checkout.html", invoice=made)
    response.headers["Refresh"] = f"0; url={made.checkout_url}"
    return response


async def _remember(request: web.Request, wanted: Wanted) -> None:
    """For the next deposit, as far as the account may keep it."""
    changes = Changes(
        checkout_country=countries.three_letters(countries.two_letters(wanted.country) or ""),
        checkout_name=wanted.name,
        checkout_provider=wanted.network,
    )
    with suppress(ApiError, ApiErrors):
        await accounts.change(site_of(request), caller_of(request), changes, [], dialect.here(request))


def _micro_euros(request: web.Request, euros: str) -> int:
    """Raises INTEGER_PARSE_FAILED, INTEGER_OUT_OF_RANGE, whose limits are said in euro."""
    try:
        amount = int(amounts.parsed(euros) * MICRO_PER_EURO)
    except ValueError:
        raise errors.INTEGER_PARSE_FAILED(field="amount", message=NOT_AN_AMOUNT) from None
    if not AMOUNT_MIN <= amount <= AMOUNT_MAX:
        limits = {"least": AMOUNT_MIN // MICRO_PER_EURO, "most": AMOUNT_MAX // MICRO_PER_EURO}
        text = languages.of(request).translations.gettext(OUT_OF_RANGE) % limits
        raise errors.INTEGER_OUT_OF_RANGE(
            field="amount", min_val=AMOUNT_MIN, max_val=AMOUNT_MAX, val=amount, message=text
        )
    return amount


async def _page(request: web.Request, sent: Mapping[str, str], found: Problems) -> web.Response:
    site, account = site_of(request), frame.account_of(request)
    language, settings = languages.of(request), await accounts.settings_of(site, account)
    networks = [network for gateway in gateways.configured(site).values() for network in gateway.networks]
    return frame.answer(
        request,
        "subscription.html",
        found.status,
        sent=sent,
        problems=found,
        plan=site.plan(account.plan_id),
        prepaid=[site.settings.plans[plan_id] for plan_id in PREPAID_PLANS if plan_id in site.settings.plans],
        has_credit=account.balance_micro_eur >= PREPAID_CREDIT_MICRO_EUR,
        networks=[(network, language.translations.gettext(NETWORKS.get(network, network))) for network in networks],
        named=sorted(NAMED_NETWORKS & set(networks)),
        countries=_countries(language),
        settings=settings,
        country=countries.two_letters(settings.checkout_country) or "",
        amount_min=AMOUNT_MIN // MICRO_PER_EURO,
        name_max=NAME_MAX,
        invoices=await invoices.of_user(site, account),
        statuses=STATUSES,
    )


def _countries(language: Language) -> list[tuple[str, str]]:
    """By their names."""
    named = [(code, language.locale.territories.get(code, code)) for code in countries.TWO_LETTERS]
    return sorted(named, key=lambda pair: pair[1])
