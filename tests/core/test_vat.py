"""VAT, the codes of countries, and prices in words."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

import pytest

from pixelhost.core import countries, prices, vat


@pytest.mark.parametrize(
    ("amount", "country", "tax"),
    [
        (10_000_000, "NL", 2_100_000),
        (10_000_000, "FI", 2_550_000),
        (10_000_000, "LU", 1_700_000),
        (10_000_000, "US", 0),
        (10_000_000, "GB", 0),
        (10_000_000, "CH", 0),
        (1_000_000_000_000, "HU", 270_000_000_000),
        (10_020_000, "FI", 2_560_000),  # 2.5551 is 2.56
        (10_010_000, "FR", 2_000_000),  # 2.002 is 2.00
        (10_100_000, "FR", 2_020_000),
        (10_025_000, "FR", 2_010_000),  # 2.005, half a cent, is rounded up
    ],
)
def test_vat_is_the_countrys_standard_rate_in_whole_cents(amount: int, country: str, tax: int):
    assert vat.on_top_of(amount, country) == tax


def test_the_european_union_has_27_members_with_rates_its_law_allows():
    assert len(vat.STANDARD_RATES_PERMILLE) == 27
    assert set(vat.STANDARD_RATES_PERMILLE) <= set(countries.TWO_LETTERS)
    assert all(150 <= rate <= 270 for rate in vat.STANDARD_RATES_PERMILLE.values())
    assert vat.AS_OF.year >= 2026


def test_a_country_is_told_by_two_or_three_letters_in_any_case():
    assert {countries.two_letters(code) for code in ("NL", "nl", "NLD", "Nld")} == {"NL"}
    assert countries.two_letters("ESH") == "EH"
    assert len(set(countries.TWO_LETTERS)) == 249


@pytest.mark.parametrize("code", ["", "N", "XX", "NLX", "ZZZ", "NLDA", "N L", "n\u0131"])
def test_what_is_no_countrys_code_is_none(code: str):
    assert countries.two_letters(code) is None


@pytest.mark.parametrize(
    ("micro_eur", "words"),
    [(0, "€0.00"), (10_000_000, "€10.00"), (9_999, "€0.00"), (1_239_999, "€1.23"), (-1_230_000, "-€1.23")],
)
def test_money_is_told_in_euros_and_cents(micro_eur: int, words: str):
    assert prices.euros(micro_eur) == words


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize("year", [2027, 2028])
def test_the_hours_of_a_month_cost_the_price_of_a_month(year: int, month: int):
    start = datetime(year, month, 1, tzinfo=UTC)
    hours = [start + timedelta(hours=hour) for hour in range(monthrange(year, month)[1] * 24)]
    assert sum(prices.shares_of_hour(hour) for hour in hours) == prices.SHARES_PER_MONTH
