"""The error registry: one table, a row for every documented code. Every refusal anywhere is raised from here.

A row's identity is its Python name, because two codes come in two forms: `too_many_files` is 400 for an account and
413 for a list, and `unavailable_for_legal_reasons` carries `type` for files and `abuse_type` for nodes. The codes and
statuses are those of the Pixeldrain API document; the messages are our own and say what to do next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


class ApiError(Exception):
    """A refusal with a stable code. Dialects render it; core raises it and knows nothing of HTTP beyond the status."""

    def __init__(self, kind: "ErrorKind", extra: Mapping[str, Any], message: str) -> None:
        super().__init__(f"{kind.code}: {message}")
        self.kind = kind
        self.extra = extra
        self.message = message
        self.status = kind.status
        """The row's status, unless the protocol itself asks for another one, like 405 or 416."""
        self.headers: Mapping[str, str] = {}
        """What the protocol wants said beside it, like Content-Range."""
        self.again_at: datetime | None = None
        """Of a limit, from when on it is good again."""


class ApiErrors(Exception):
    """Several refusals of one request, answered as `multiple_errors`: 500 if any is a server error, else 400."""

    def __init__(self, errors: Sequence[ApiError]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = tuple(errors)

    @property
    def status(self) -> int:
        return 500 if any(error.status >= 500 for error in self.errors) else 400


@dataclass(frozen=True)
class ErrorKind:
    """One row: call it to make the error. A missing or unknown extra is a TypeError: a bug, not a refusal."""

    code: str
    status: int
    message: str
    extra: tuple[str, ...] = ()

    def __call__(self, *, message: str | None = None, **extra: Any) -> ApiError:
        if set(extra) != set(self.extra):
            raise TypeError(f"{self.code} takes the extras {sorted(self.extra)}, not {sorted(extra)}")
        return ApiError(self, extra, message or self.message)


def raise_all(errors: Sequence[ApiError]) -> None:
    """Raise what was collected: nothing, the one error as itself, or all as `multiple_errors`."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ApiErrors(errors)


# General
INTERNAL = ErrorKind("internal", 500, "Something went wrong on the server. Try again later")
API_NOT_IMPLEMENTED = ErrorKind("api_not_implemented", 501, "This API does not exist yet on this server")
NOT_FOUND = ErrorKind("not_found", 404, "What you asked for does not exist, or does not exist any more")
FILE_NOT_FOUND = ErrorKind("not_found", 404, "One of the requested files does not exist, see extra.file", ("file",))
INVALID_ENDPOINT = ErrorKind("invalid_endpoint", 404, "There is no such API endpoint. Check the URL and the method")
RESOURCE_ALREADY_EXISTS = ErrorKind("resource_already_exists", 400, "This already exists, so it was not created again")
WEBSOCKET_ENDPOINT = ErrorKind(
    "websocket_endpoint", 400, "This is a websocket endpoint. Send the header 'Upgrade: websocket' to connect"
)
IP_RATE_LIMIT_REACHED = ErrorKind(
    "ip_rate_limit_reached", 429, "Too many attempts from your IP address. Wait a minute and try again"
)
NETWORK_ERROR = ErrorKind("network_error", 400, "The connection failed while the response was being sent")
READ_ONLY_MODE_ENABLED = ErrorKind(
    "read_only_mode_enabled", 503, "The server is in read-only mode for maintenance. Reading works, writing does not"
)
MULTIPLE_ERRORS = ErrorKind(
    "multiple_errors", 400, "Several things are wrong with this request, see each of them in the errors array"
)

# Input
MISSING_FIELD = ErrorKind("missing_field", 400, "A required field was not sent, see extra.field", ("field",))
JSON_PARSE_FAILED = ErrorKind("json_parse_failed", 422, "The JSON in the request could not be understood", ("field",))
JSON_BODY_PARSE_FAILED = ErrorKind("json_parse_failed", 422, "The body of the request is not the JSON object expected")
BASE64_PARSE_FAILED = ErrorKind("base64_parse_failed", 422, "A base64 value could not be decoded", ("field",))
BOOL_PARSE_FAILED = ErrorKind("bool_parse_failed", 422, "A boolean must be 'true' or 'false'", ("field",))
INTEGER_PARSE_FAILED = ErrorKind("integer_parse_failed", 422, "A value is not a whole number", ("field",))
INTEGER_OUT_OF_RANGE = ErrorKind(
    "integer_out_of_range",
    422,
    "A number is too low or too high, see extra.min_val and extra.max_val",
    ("field", "min_val", "max_val", "val"),
)
STRING_OUT_OF_RANGE = ErrorKind(
    "string_out_of_range",
    422,
    "A text is too short or too long, see extra.min_len and extra.max_len",
    ("field", "min_len", "max_len", "len"),
)
UTF8_STRING_PARSE_FAILED = ErrorKind("utf8_string_parse_failed", 422, "A text is not valid UTF-8", ("field",))
TIME_PARSE_FAILED = ErrorKind(
    "time_parse_failed", 422, "A time must be in RFC 3339 format, like 2026-01-31T12:00:00Z", ("field",)
)
ENUM_PARSE_FAILED = ErrorKind(
    "enum_parse_failed", 422, "A value is not one of those in extra.allowed_values", ("field", "allowed_values")
)
UUID_PARSE_FAILED = ErrorKind("uuid_parse_failed", 422, "A value is not a UUID", ("field",))
HEX_PARSE_FAILED = ErrorKind("hex_parse_failed", 422, "A value is not hexadecimal", ("field",))
ADDRESS_PARSE_FAILED = ErrorKind("address_parse_failed", 422, "A value is not a network address", ("field",))
ERROR_READING_INPUT = ErrorKind("error_reading_input", 400, "The request could not be read completely. Send it again")
INCORRECT_ORDER_OF_FORM_PARTS = ErrorKind(
    "incorrect_order_of_form_parts", 400, "The form parts must be sent in the documented order"
)
RECPATCHA_FAILED = ErrorKind("recpatcha_failed", 424, "The captcha response could not be verified. Try a new captcha")
INVALID_EMAIL_ADDRESS = ErrorKind("invalid_email_address", 400, "This is not a valid e-mail address")
FIELD_CONTAINS_ILLEGAL_CHARACTER = ErrorKind(
    "field_contains_illegal_character",
    400,
    "A text contains a character that is not allowed, see extra.char and extra.char_position",
    ("field", "char", "char_position"),
)
INVALID_FILE_TYPE = ErrorKind("invalid_file_type", 400, "This file is of the wrong type for what you want to do")
INVALID_X509_KEYPAIR = ErrorKind(
    "invalid_x509_keypair", 400, "The certificate and the private key could not be read, or do not belong together"
)

# Authentication
AUTHENTICATION_REQUIRED = ErrorKind(
    "authentication_required", 401, "This needs an API key: send it as the password of HTTP Basic authentication"
)
AUTHENTICATION_FAILED = ErrorKind(
    "authentication_failed", 401, "This API key is not valid: it is mistyped, revoked or expired"
)
FORBIDDEN = ErrorKind("forbidden", 403, "You may not do this with this resource")
USER_NOT_FOUND = ErrorKind("user_not_found", 404, "There is no user with this name or e-mail address")
PASSWORD_INCORRECT = ErrorKind("password_incorrect", 400, "The password is not correct for this user")
OTP_INCORRECT = ErrorKind("otp_incorrect", 400, "The one-time password is not correct for this user")
OTP_REQUIRED = ErrorKind("otp_required", 400, "This account has two-factor authentication: send the field totp too")

# File upload
NO_FILE = ErrorKind("no_file", 422, "The file does not exist or is empty")
FILE_TOO_LARGE = ErrorKind("file_too_large", 413, "The file is larger than your plan allows")
ARCHIVE_TOO_LARGE = ErrorKind(
    "file_too_large",
    413,
    "The archive holds too much to be looked through, and what you asked for may be in the rest. Download it whole",
)
WRITING = ErrorKind(
    "writing", 500, "The file could not be written to disk, the server may be out of storage space. Nothing was stored"
)
NAME_CONTAINS_ILLEGAL_CHARACTER = ErrorKind(
    "name_contains_illegal_character",
    422,
    "The file name contains characters that are not allowed, see extra.illegal_chars",
    ("illegal_chars",),
)
INVALID_CONTENT_TYPE = ErrorKind(
    "invalid_content_type", 400, "PUT takes the raw bytes of the file. Use POST to send a multipart form"
)
IP_BANNED = ErrorKind("ip_banned", 403, "Your IP address is banned for violating the content policy")
ACCOUNT_BANNED = ErrorKind("account_banned", 403, "Your account is banned for violating the content policy")
USER_OUT_OF_SPACE = ErrorKind(
    "user_out_of_space", 400, "The account has no room for this. Delete something, or change to a larger plan"
)
TOO_MANY_FILES = ErrorKind("too_many_files", 400, "The account holds as many files as its plan allows. Delete some")

# File download
FILE_RATE_LIMITED = ErrorKind(
    "file_rate_limited_captcha_required",
    403,
    "This file is downloaded far more often than it is viewed. Open its page and complete the captcha to download it",
)
VIRUS_DETECTED = ErrorKind(
    "virus_detected_captcha_required",
    403,
    "This file is marked as malware. Open its page and complete the captcha to download it anyway",
)
HOTLINK_DETECTED = ErrorKind(
    "hotlink_detected",
    403,
    "Another site links directly to this file, and its plan does not include that. Open its page",
)
IP_DOWNLOAD_LIMITED = ErrorKind(
    "ip_download_limited_captcha_required",
    403,
    "Too many downloads from your IP address in the last 24 hours. Wait, or complete the captcha on the file's page",
)
SERVER_OVERLOAD = ErrorKind(
    "server_overload_captcha_required",
    403,
    "The server is busy. Complete the captcha on the file's page to download without waiting",
)
MAX_CONCURRENT_DOWNLOADS = ErrorKind(
    "max_concurrent_downloads", 403, "Too many downloads at once from your IP address. Wait until one has finished"
)
TRANSFER_LIMIT_EXCEEDED = ErrorKind(
    "transfer_limit_exceeded", 403, "Your IP address has used up its data transfer of the last 24 hours. Try tomorrow"
)
DOWNLOAD_LIMIT_EXCEEDED = ErrorKind(
    "download_limit_exceeded", 403, "Your IP address has used up its downloads of the last 24 hours. Try tomorrow"
)
FILE_TAKEN_DOWN = ErrorKind(
    "unavailable_for_legal_reasons",
    451,
    "This file was taken down after a report, see extra.type for the reason",
    ("type",),
)
NODE_TAKEN_DOWN = ErrorKind(
    "unavailable_for_legal_reasons",
    451,
    "This file was taken down after a report, see extra.abuse_type for the reason",
    ("abuse_type",),
)
INVALID_REFERRER = ErrorKind("invalid_referrer", 400, "The URL in the Referer header could not be understood")
EMBED_NOT_ALLOWED = ErrorKind("embed_not_allowed", 403, "This file may not be embedded in other sites")
INVALID_THUMBNAIL_SIZE = ErrorKind(
    "invalid_thumbnail_size", 400, "Width and height of a thumbnail must be multiples of 16 between 16 and 256"
)

# Lists
LIST_FILE_NOT_FOUND = ErrorKind(
    "list_file_not_found",
    422,
    "One of the files of the list does not exist, see extra.file_not_found",
    ("file_not_found",),
)
LIST_TOO_LONG = ErrorKind("too_many_files", 413, "A list holds at most 10000 files")
TITLE_TOO_LONG = ErrorKind("title_too_long", 413, "The title of a list has at most 300 characters")
CANNOT_CREATE_EMPTY_LIST = ErrorKind("cannot_create_empty_list", 422, "A list needs at least one file")

# Filesystem
PATH_NOT_FOUND = ErrorKind("path_not_found", 404, "There is no file or directory at this path")
PERMISSION_DENIED = ErrorKind("permission_denied", 400, "You do not have the permission for this on this path")
NODE_IS_A_DIRECTORY = ErrorKind("node_is_a_directory", 400, "This is a directory, and the operation needs a file")
NODE_IS_NOT_A_DIRECTORY = ErrorKind(
    "node_is_not_a_directory", 400, "This is a file, and the operation needs a directory"
)
NOT_A_TORRENT = ErrorKind("not_a_torrent", 400, "This is not a torrent file")
TORRENT_TOO_LARGE = ErrorKind("torrent_too_large", 400, "Torrent files can be read up to a size of 16 MiB")
TORRENT_PARSE_FAILED = ErrorKind("torrent_parse_failed", 400, "The torrent file is damaged and could not be read")
NOT_A_ZIP = ErrorKind("not_a_zip", 400, "This is not an archive that can be looked into")
INVALID_ZIP_FILE = ErrorKind("invalid_zip_file", 400, "The archive is damaged and could not be read")
UNSUPPORTED_ZIP_COMPRESSION = ErrorKind(
    "unsupported_zip_compression", 400, "The archive uses a compression method that is not supported"
)
NOT_A_MARKDOWN_FILE = ErrorKind("not_a_markdown_file", 400, "This is neither a markdown nor a plain text file")
SEARCH_NOT_A_DIRECTORY = ErrorKind("search_not_a_directory", 400, "Only directories can be searched")
SEARCH_TERM_TOO_SHORT = ErrorKind("search_term_too_short", 400, "A search term has at least 2 characters")
SEARCH_TERM_TOO_LONG = ErrorKind("search_term_too_long", 400, "A search term has at most 100 characters")
LOG_TIMESPAN_TOO_LONG = ErrorKind("log_timespan_too_long", 400, "The activity log is read up to 30 days at a time")
NAME_TOO_LONG = ErrorKind("name_too_long", 422, "A name has at most 255 bytes")
PATH_TOO_LONG = ErrorKind("path_too_long", 422, "A path has at most 4095 bytes")
TOO_MANY_NESTED_LEVELS = ErrorKind("too_many_nested_levels", 400, "Directories nest at most 64 levels deep")
TOO_MANY_CHILDREN = ErrorKind("too_many_children", 400, "The directory holds as many entries as its plan allows")
OUT_OF_TRANSFER = ErrorKind("out_of_transfer", 400, "The owner of this filesystem has no premium transfer left")
INVALID_ACTION = ErrorKind("invalid_action", 400, "The field action is not one of the documented actions")
CANNOT_MODIFY_ROOT_DIR = ErrorKind("cannot_modify_root_dir", 400, "The root of a filesystem cannot be changed")
NODE_ALREADY_EXISTS = ErrorKind("node_already_exists", 400, "There is a file or directory with this name already")
CIRCULAR_DEPENDENCY = ErrorKind("circular_dependency", 400, "A directory cannot be moved into itself")
DIRECTORY_NOT_EMPTY = ErrorKind(
    "directory_not_empty", 400, "The directory is not empty. Use recursive to delete it whole"
)

# Accounts
NOT_ENOUGH_CREDIT_FOR_PREPAID = ErrorKind(
    "not_enough_credit_for_prepaid", 400, "A prepaid plan needs at least 1 euro of credit on the account"
)
CANNOT_DISABLE_PATREON_SUB = ErrorKind(
    "cannot_disable_patreon_sub", 400, "A Patreon subscription is ended on Patreon itself"
)
NO_LOGIN_METHOD_AVAILABLE = ErrorKind(
    "no_login_method_available", 400, "Send a password, or the account's e-mail address to get a login link"
)
LOGIN_LINK_SENT = ErrorKind("login_link_sent", 202, "A login link was sent to the e-mail address of the account")
LOGIN_LINK_ALREADY_SENT = ErrorKind(
    "login_link_already_sent", 400, "A link was sent to this account already. Use it, or wait until it expires"
)
INVALID_LOGIN_LINK = ErrorKind(
    "invalid_login_link", 400, "This login link is not valid: it may have been used or expired"
)
REQUEST_ORIGIN_INVALID = ErrorKind(
    "request_origin_invalid", 400, "This request came from a page of another site, so it was refused"
)
USERNAME_ALREADY_REGISTERED = ErrorKind(
    "username_already_registered", 400, "There is an account with this name already"
)
EMAIL_ADDRESS_ALREADY_REGISTERED = ErrorKind(
    "email_address_already_registered", 400, "There is an account with this e-mail address already"
)
INVALID_DOMAIN_NAME = ErrorKind("invalid_domain_name", 400, "A domain name needs at least one period")
BRANDING_IMAGE_NOT_FOUND = ErrorKind("branding_image_not_found", 404, "One of the branding images does not exist")
INVALID_LINK = ErrorKind("invalid_link", 400, "A link must start with https://")
INVALID_KEY_IP = ErrorKind("invalid_key_ip", 401, "This API key was made at another IP address, so it was not accepted")

# Pushes, which Password Pusher's API names otherwise: these codes are for the pages, and for rules to be told apart
PUSH_INVALID = ErrorKind("push_invalid", 422, "The push cannot be made like this, see extra.field", ("field",))
PUSH_PARAMETER_MISSING = ErrorKind(
    "push_parameter_missing", 400, "A required parameter is missing or empty, see extra.field", ("field",)
)
PUSH_PAGE_INVALID = ErrorKind("push_page_invalid", 400, "The parameter page is a number from 1 to 200")
PUSH_PASSPHRASE_INCORRECT = ErrorKind(
    "push_passphrase_incorrect", 401, "This push has a passphrase, and it was not sent or is not the right one"
)
PUSH_PASSPHRASE_ATTEMPTS = ErrorKind(
    "push_passphrase_attempts", 429, "Too many passphrases were tried on this push. Try again in a minute"
)
PUSH_NOT_DELETABLE = ErrorKind("push_not_deletable", 401, "Only the owner of this push may end it")
PUSH_NOT_YOURS = ErrorKind("push_not_yours", 403, "This push belongs to somebody else")
PUSH_OF_MESSAGE = ErrorKind("push_of_message", 403, "This push shows a message. Change the message instead")
PREFETCHED = ErrorKind("prefetched", 503, "This is shown when somebody asks for it, not before")
PUSH_EXPIRED = ErrorKind("push_expired", 404, "This secret has expired, or was never there")

# Transfers, which Privasfer's API has no codes for: these are for rules to be told apart
TRANSFER_INVALID = ErrorKind("transfer_invalid", 422, "This cannot be accepted, see extra.field", ("field",))
TRANSFER_QUERY_INVALID = ErrorKind("transfer_query_invalid", 400, "What is asked for is not among what is allowed")
TRANSFER_ENDED = ErrorKind("transfer_ended", 410, "This message has expired")

KINDS: Mapping[str, ErrorKind] = {name: kind for name, kind in globals().items() if isinstance(kind, ErrorKind)}
