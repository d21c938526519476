"""PUT /user/file_customization."""

from dataclasses import asdict, dataclass

from aiohttp import web

from pixelhost.core import customization
from pixelhost.model.unset import UNSET, Unset
from pixelhost.pixeldrain import envelope
from pixelhost.wire import params
from pixelhost.wire.dialect import caller_of, site_of


@dataclass(frozen=True)
class Branding:
    """Texts, all of them: the switches too can be sent empty."""

    theme: str | Unset = UNSET
    header_image: str | Unset = UNSET
    header_link: str | Unset = UNSET
    background_image: str | Unset = UNSET
    footer_image: str | Unset = UNSET
    footer_link: str | Unset = UNSET
    affiliate_prompt: str | Unset = UNSET
    disable_download_button: str | Unset = UNSET
    disable_share_button: str | Unset = UNSET


async def update(request: web.Request) -> web.Response:
    """What isn't sent stays, what is sent empty goes."""
    caller = caller_of(request)
    caller.require_user()
    sent = asdict(await params.form(request, Branding))
    wanted = {name: value for name, value in sent.items() if value is not UNSET}
    await customization.update(site_of(request), caller, wanted)
    return envelope.done()
