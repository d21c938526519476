"""Logins and API keys."""

from pixelhost import errors
from pixelhost.pixeldrain import sessions
from pixelhost.pixeldrain.manual.shared import OK
from pixelhost.wire.manual import Chapter, Operation

CHAPTER = Chapter(
    "sessions",
    "Logins and API keys",
    (
        Operation(
            "POST /user/login",
            "Log in",
            "By name and password; with an e-mail address alone a link is sent there; with the two IDs of such a link. "
            "A key that is sent along doesn't matter.",
            who="anyone",
            form=(sessions.Login,),
            explained={
                "username": "The name or the e-mail address of the account.",
                "password": "Its password.",
                "totp": "The one-time password, where the account has that.",
                "app_name": "What the key is for, as your list of keys shows it.",
                "redirect": "Where the mailed link leads: a path of this site.",
                "link_login_user_id": "From the mailed link.",
                "link_login_id": "From the mailed link.",
            },
            status=201,
            returns="A new API key, also as the login cookie. 202 when a link was sent.",
            refuses=(
                errors.MISSING_FIELD,
                errors.USER_NOT_FOUND,
                errors.PASSWORD_INCORRECT,
                errors.ACCOUNT_BANNED,
                errors.NO_LOGIN_METHOD_AVAILABLE,
                errors.OTP_REQUIRED,
                errors.OTP_INCORRECT,
                errors.LOGIN_LINK_SENT,
                errors.LOGIN_LINK_ALREADY_SENT,
                errors.INVALID_LOGIN_LINK,
                errors.INVALID_EMAIL_ADDRESS,
                errors.EMAIL_ADDRESS_ALREADY_REGISTERED,
                errors.REQUEST_ORIGIN_INVALID,
                errors.IP_RATE_LIMIT_REACHED,
            ),
            curl='curl -d username=$NAME -d password="$PASSWORD" -d app_name=curl {here}/api/user/login',
        ),
        Operation(
            "POST /user/totp",
            "Two-factor login",
            "First `generate` a secret for an authenticator app, then `verify` it with a code of the app: from then on "
            "every login takes one. `delete` ends that.",
            form=(sessions.SecondFactorAction, sessions.SecondFactorProof),
            explained={
                "action": "What to do.",
                "secret": "As it was generated, with `verify`.",
                "otp": "What the app shows, with `verify`.",
            },
            returns="Of `generate` the secret, its otpauth URI and a QR code of that as SVG; else that it is done.",
            refuses=(errors.OTP_INCORRECT,),
            curl="curl -u :$KEY -d action=generate {here}/api/user/totp",
        ),
        Operation(
            "GET /user/session",
            "Your API keys",
            "And logins, which are keys too.",
            returns="An array of them. `auth_key` is empty where the key can't be shown any more.",
            curl="curl -u :$KEY {here}/api/user/session",
        ),
        Operation(
            "POST /user/session",
            "Make an API key",
            form=(sessions.NewSession,),
            explained={"app_name": "What it is for, as your list of keys shows it."},
            status=201,
            returns="The key.",
            curl="curl -u :$KEY -d app_name=backup {here}/api/user/session",
        ),
        Operation(
            "DELETE /user/session",
            "Revoke an API key",
            "The one that is sent.",
            returns=OK,
            curl="curl -X DELETE -u :$KEY {here}/api/user/session",
        ),
        Operation(
            "GET /user/session/set_cookie",
            "Log a browser in with an API key",
            "At the address where the key was made.",
            who="anyone",
            query=(sessions.KeyToKeep,),
            explained={"api_key": "The key."},
            returns=OK,
            refuses=(errors.INVALID_KEY_IP, errors.ACCOUNT_BANNED),
            curl='curl -c cookies.txt "{here}/api/user/session/set_cookie?api_key=$KEY"',
        ),
    ),
)
