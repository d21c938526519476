"""The pages of transfers: files, messages with them to whoever has an address, and those that came in.

Every form is sent to the address of its own page, so that whoever is logged out meanwhile comes back to it.
"""

from pixelhost.web.account.frame import returning
from pixelhost.web.transfers import composing, files, inbox, links, onefile, pin, sent
from pixelhost.wire.dialect import Route

ROUTES = (
    Route("GET", "/m/{link}", links.follow, is_for_strangers=True),
    Route("GET", "/user/inbox", inbox.listing),
    Route("GET", "/user/inbox/{id}", inbox.show),
    Route("POST", "/user/inbox/{id}", returning(inbox.act)),
    Route("GET", "/user/transfers", sent.listing),
    Route("GET", "/user/transfers/new", composing.show),
    Route("POST", "/user/transfers/new", composing.send),
    Route("GET", "/user/transfers/made", sent.made),
    Route("GET", "/user/transfers/files", files.listing),
    Route("POST", "/user/transfers/files", files.act),
    Route("GET", "/user/transfers/files/{id}", onefile.show),
    Route("POST", "/user/transfers/files/{id}", returning(onefile.act)),
    Route("GET", "/user/transfers/{id}", sent.show),
    Route("POST", "/user/transfers/{id}", returning(sent.act)),
    Route("GET", "/user/pin", pin.show),
    Route("POST", "/user/pin", returning(pin.act)),
)
