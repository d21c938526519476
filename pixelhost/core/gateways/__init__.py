"""Gateways: who takes the money. All of them make a payment with a page to pay it on, and tell what became of it."""

from collections.abc import Mapping

from pixelhost.core.gateways.contract import Gateway
from pixelhost.core.gateways.local import TestGateway
from pixelhost.core.gateways.mollie import Mollie
from pixelhost.site import Site


def configured(site: Site) -> Mapping[str, Gateway]:
    """By their names."""
    found: list[Gateway] = []
    if site.settings.mollie_key:
        found.append(Mollie(site.settings.mollie_url, site.settings.mollie_key))
    if for_tests := test_gateway(site):
        found.append(for_tests)
    return {gateway.name: gateway for gateway in found}


def test_gateway(site: Site) -> TestGateway | None:
    """None where the settings don't turn it on."""
    return TestGateway(site.db, site.clock) if site.settings.test_payments == "on" else None
