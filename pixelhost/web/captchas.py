"""The captcha on the page of a file that asks for one."""

from collections.abc import Mapping
from dataclasses import dataclass

from pixelhost.core import gates
from pixelhost.core.captchas.siteverify import PROVIDERS
from pixelhost.errors import ApiError
from pixelhost.site import Site


@dataclass(frozen=True)
class Captcha:
    """`download_url` is what a response is added to; the others are empty for ALTCHA. `policy` is of the page."""

    download_url: str
    policy: Mapping[str, str]
    script: str = ""
    widget: str = ""
    site_key: str = ""


def of(site: Site, refusal: ApiError | None, download_url: str) -> Captcha | None:
    """None where nothing is refused, where no captcha would help, and where this site has none."""
    if refusal is None or refusal.kind not in gates.LIFTED_BY_CAPTCHA or site.settings.captcha == "off":
        return None
    provider = PROVIDERS.get(site.settings.captcha)
    # The download begins in a frame, which shows a refusal without leaving the page.
    frames = f"'self' {site.settings.content_origin}".strip()
    if provider is None:
        return Captcha(download_url, {"worker-src": "'self'", "frame-src": frames})
    origins = " ".join(provider.origins)
    policy = {
        "script-src": f"'self' {origins}",
        "style-src": f"'self' {origins}",
        "connect-src": f"'self' {origins}",
        "frame-src": f"{frames} {origins}",
    }
    return Captcha(download_url, policy, provider.script, provider.widget, site.settings.captcha_site_key)
