"""The filesystem: writing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pixelhost import errors
from pixelhost.errors import ErrorKind
from pixelhost.model.unset import UNSET, Unset
from pixelhost.pixeldrain import filesystem
from pixelhost.pixeldrain.manual.shared import DIGESTS, NODE_PASSWORD, OK
from pixelhost.wire.manual import Operation, ReadByName

CHANGE = "POST /filesystem/{path}"
PATH = {"path": "With its bucket, like `me/documents/notes.txt`."}


@dataclass(frozen=True)
class Branding(ReadByName):
    branding_enabled: bool | Unset = UNSET
    brand_input_color: str | Unset = UNSET
    brand_highlight_color: str | Unset = UNSET
    brand_danger_color: str | Unset = UNSET
    brand_background_color: str | Unset = UNSET
    brand_body_color: str | Unset = UNSET
    brand_card_color: str | Unset = UNSET
    brand_header_image: str | Unset = UNSET
    brand_background_image: str | Unset = UNSET
    brand_header_link: str | Unset = UNSET


@dataclass(frozen=True)
class MakeAction(ReadByName):
    action: Literal["mkdir", "mkdirall"]


@dataclass(frozen=True)
class MoveAction(ReadByName):
    action: Literal["rename"]


@dataclass(frozen=True)
class UpdateAction(ReadByName):
    action: Literal["update"]


@dataclass(frozen=True)
class ImportAction(ReadByName):
    action: Literal["import"]


COLOR = "Like `#ff0000`; empty removes it."
PROPERTIES = {
    "created": "When it was made.",
    "modified": "When it was last changed.",
    "mode": "Of Unix, in octal.",
    "shared": "Whether it has a link. `false` ends the link for ever.",
    "logging_enabled": "Whether a directory keeps a log. It ends by itself a day after the log was last read.",
    "link_permissions": 'For all who have the link: `{"read": true, "write": false, "delete": false}`.',
    "user_permissions": "For accounts: a map from their names to permissions.",
    "password_permissions": "For passwords: a map from them to permissions.",
    "custom_domain_name": "A domain of yours that shows this node, if your plan includes that. The server's own names "
    "are nobody's, and where it isn't told its own address no domain is served.",
    "custom_domain_cert": "The certificate for it, PEM. Its names must include the domain.",
    "custom_domain_key": "The private key for it, PEM.",
    "branding_enabled": "Whether the look below is shown.",
    "brand_input_color": COLOR,
    "brand_highlight_color": COLOR,
    "brand_danger_color": COLOR,
    "brand_background_color": COLOR,
    "brand_body_color": COLOR,
    "brand_card_color": COLOR,
    "brand_header_image": "The ID of a shared picture in this filesystem; empty removes it.",
    "brand_background_image": "The same.",
    "brand_header_link": "Where the header leads, with https.",
}
PARENTS = {"make_parents": "Make the directories on the way too."}

REACHED: Sequence[ErrorKind] = (
    errors.NOT_FOUND,
    errors.PATH_NOT_FOUND,
    errors.AUTHENTICATION_REQUIRED,
    errors.ACCOUNT_BANNED,
    errors.IP_BANNED,
    errors.PERMISSION_DENIED,
    errors.IP_RATE_LIMIT_REACHED,
)
ACTED: Sequence[ErrorKind] = (errors.MISSING_FIELD, errors.INVALID_ACTION)
PLACED: Sequence[ErrorKind] = (
    errors.NODE_IS_NOT_A_DIRECTORY,
    errors.TOO_MANY_CHILDREN,
    errors.NAME_TOO_LONG,
    errors.PATH_TOO_LONG,
    errors.TOO_MANY_NESTED_LEVELS,
)
SET: Sequence[ErrorKind] = (
    errors.USER_NOT_FOUND,
    errors.INVALID_X509_KEYPAIR,
    errors.INVALID_DOMAIN_NAME,
    errors.RESOURCE_ALREADY_EXISTS,
    errors.NODE_IS_NOT_A_DIRECTORY,
    errors.STRING_OUT_OF_RANGE,
    errors.HEX_PARSE_FAILED,
    errors.BRANDING_IMAGE_NOT_FOUND,
    errors.INVALID_LINK,
)

OPERATIONS = (
    Operation(
        "PUT /filesystem/{path}",
        "Write a file",
        "The body is the file itself. What is there already is replaced. All that `action=update` sets may be sent.",
        who="anyone",
        query=(filesystem.MakingParents, filesystem.NodeFields, Branding),
        explained=PATH | PARENTS | PROPERTIES,
        headers=DIGESTS | NODE_PASSWORD,
        takes_bytes=True,
        returns="The node.",
        refuses=(
            *REACHED,
            *PLACED,
            *SET,
            errors.NODE_IS_A_DIRECTORY,
            errors.INVALID_CONTENT_TYPE,
            errors.BASE64_PARSE_FAILED,
            errors.USER_OUT_OF_SPACE,
            errors.FILE_TOO_LARGE,
            errors.OUT_OF_TRANSFER,
            errors.WRITING,
        ),
        curl='curl -T notes.txt -u :$KEY "{here}/api/filesystem/me/documents/notes.txt?make_parents=true"',
    ),
    Operation(
        CHANGE,
        "Make a directory",
        "`mkdirall` makes those on the way too.",
        variant="action=mkdir",
        who="anyone",
        form=(MakeAction, filesystem.NewDirectory),
        explained=PATH | {"action": "One of the two.", "mode": "Of Unix, in octal."},
        headers=NODE_PASSWORD,
        status=201,
        returns="That it was made.",
        refuses=(*REACHED, *ACTED, *PLACED, errors.NODE_ALREADY_EXISTS),
        curl="curl -u :$KEY -d action=mkdirall {here}/api/filesystem/me/documents/2026/january",
    ),
    Operation(
        CHANGE,
        "Rename or move",
        "However much lies below, it takes one moment. Whatever `action=update` sets can be sent too.",
        variant="action=rename",
        who="anyone",
        form=(MoveAction, filesystem.Move, filesystem.NodeFields, Branding),
        explained=PATH | PARENTS | PROPERTIES | {"action": "`rename`", "target": "The new path, with its bucket."},
        headers=NODE_PASSWORD,
        returns="The node.",
        refuses=(
            *REACHED,
            *ACTED,
            *PLACED,
            *SET,
            errors.MISSING_FIELD,
            errors.CANNOT_MODIFY_ROOT_DIR,
            errors.NODE_ALREADY_EXISTS,
            errors.CIRCULAR_DEPENDENCY,
        ),
        curl="curl -u :$KEY -d action=rename -d target=/me/documents/todo.txt "
        "{here}/api/filesystem/me/documents/notes.txt",
    ),
    Operation(
        CHANGE,
        "Share, and set what else there is to set",
        "What isn't sent stays.",
        variant="action=update",
        who="anyone",
        form=(UpdateAction, filesystem.NodeFields, Branding),
        explained=PATH | PROPERTIES | {"action": "`update`"},
        headers=NODE_PASSWORD,
        returns="The node. Where it is shared, `id` is that of the link.",
        refuses=(*REACHED, *ACTED, *SET, errors.CANNOT_MODIFY_ROOT_DIR),
        curl="curl -u :$KEY -d action=update -d shared=true {here}/api/filesystem/me/documents",
    ),
    Operation(
        CHANGE,
        "Copy files from your list of files",
        "Without moving a byte.",
        variant="action=import",
        who="anyone",
        form=(ImportAction, filesystem.Import),
        explained=PATH | {"action": "`import`", "files": 'IDs of your files: `["abcd1234"]`.'},
        headers=NODE_PASSWORD,
        status=201,
        returns="That they were copied.",
        refuses=(
            *REACHED,
            *ACTED,
            *PLACED,
            errors.LIST_FILE_NOT_FOUND,
            errors.FILE_TAKEN_DOWN,
            errors.VIRUS_DETECTED,
            errors.USER_OUT_OF_SPACE,
        ),
        curl="""curl -u :$KEY -d action=import -d 'files=["'$ID'"]' {here}/api/filesystem/me/documents""",
    ),
    Operation(
        "DELETE /filesystem/{path}",
        "Delete a file or a directory",
        who="anyone",
        query=(filesystem.Deletion,),
        explained=PATH | {"recursive": "With all that lies below."},
        headers=NODE_PASSWORD,
        returns=OK,
        refuses=(*REACHED, errors.DIRECTORY_NOT_EMPTY),
        curl='curl -X DELETE -u :$KEY "{here}/api/filesystem/me/documents?recursive"',
    ),
)
