"""What a page says after a form was sent: the form's answer leads there with a key of NOTICES in the query."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from pixelhost.web.languages import mark

PARAMETER: Final = "done"

NOTICES: Final[Mapping[str, str]] = {
    "saved": mark("Saved."),
    "deleted": mark("Deleted."),
    "imported": mark("Imported."),
    "made": mark("The folder is there."),
    "moved": mark("Moved."),
    "renamed": mark("Renamed."),
    "unshared": mark("No longer shared. The link leads nowhere now."),
    "domain_removed": mark("The domain is no longer that of this folder."),
    "uploaded": mark("Uploaded."),
    "copied": mark("Copied to your files: this is your own copy."),
    "reported": mark("Thank you. The report was passed on to those who run this server."),
    "logged_out": mark("You are logged out."),
    "login_link_sent": mark("A link was sent to this address. Open it within 15 minutes to go on."),
    "registered": mark("Welcome. Please open the link that was sent to your e-mail address, to confirm it."),
    "account_made": mark("The account is there."),
    "reset_sent": mark("If an account has this address, a link to set a new password was sent there."),
    "password_set": mark("The new password holds from now on. Please log in with it."),
    "password_changed": mark("The new password holds from now on. All other browsers are logged out."),
    "verification_sent": mark("A link was sent to this address. Open it within an hour to confirm the address."),
    "key_revoked": mark("The key is revoked."),
    "keys_revoked": mark("All other keys are revoked."),
    "two_factor_on": mark("Two-factor login is on."),
    "two_factor_off": mark("Two-factor login is off."),
    "plan_changed": mark("Your plan is changed."),
    "account_ends": mark("Your account goes in seven days. Log in again until then to keep it."),
    "credit_given": mark("The balance is changed."),
    "credit_given_before": mark(
        "This form had been sent before, so nothing more was given. The balance is as it is below."
    ),
    "pushed": mark("The secret is stored. Pass its link on."),
    "push_deleted": mark("The secret is deleted."),
    "request_closed": mark("The request is closed: its link takes nothing any more."),
    "webhook_deleted": mark("The webhook is deleted."),
    "webhook_tested": mark("A test message is on its way. Look at this page again in a moment."),
    "sent": mark("Sent."),
    "revoked": mark("Revoked. Nobody can read it or download its files any more."),
    "trashed": mark("In the trash. It can be restored there."),
    "restored": mark("Restored."),
    "pin_set": mark("The PIN holds from now on."),
    "pin_removed": mark("Downloads take no PIN any more."),
    "banned": mark("Banned."),
    "unbanned": mark("The ban is lifted."),
}


def of(request: web.BaseRequest) -> str:
    """The text for a page, to be translated; empty when there is none. What isn't a key says nothing."""
    return NOTICES.get(request.query.get(PARAMETER, ""), "")
