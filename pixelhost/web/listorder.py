"""What the form of /l/{id}/edit makes of the entries of a list.

The name of a field that concerns one of them ends in its place, 0 for the first.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from pixelhost import errors
from pixelhost.core.lists import Entry
from pixelhost.web.languages import mark

STEPS: Final[Mapping[str, int]] = {"up": -1, "down": 1}
POSITION_DIGITS_MAX: Final = 5

# The ID at the end of a link to a file, or by itself. Scripts read links in the same way.
LINKED: Final = re.compile(r"(?:\S*/(?:u|file)/)?([A-Za-z0-9]{8})(?:[/?#]\S*)?")


class Changed(Exception):
    """The form was made for another state of the list."""


def edited(entries: Sequence[Entry], sent: Mapping[str, str]) -> list[Entry]:
    """The entries as the form wants them: described, moved to positions, then what its button does to one of them.

    Raises INTEGER_OUT_OF_RANGE for a position, Changed.
    """
    found = _described(entries, sent)
    found = _positioned(found, _wanted_positions(found, sent))
    for button, step in STEPS.items():
        if (place := _place(sent, button, found)) is not None:
            found = moved(found, place, place + step)
    if (place := _place(sent, "remove", found)) is not None:
        del found[place]
    return found


def moved(entries: Sequence[Entry], place: int, to: int) -> list[Entry]:
    """One entry somewhere else; beyond an end is at that end."""
    found = list(entries)
    found.insert(max(to, 0), found.pop(place))
    return found


def linked(text: str) -> list[str]:
    """The IDs in what was pasted: links or bare IDs, with spaces or commas between. Raises LIST_FILE_NOT_FOUND."""
    ids = []
    for word in re.split(r"[\s,]+", text.strip()):
        match = LINKED.fullmatch(word)
        if word and match is None:
            raise errors.LIST_FILE_NOT_FOUND(file_not_found=word[:100], message=mark("This is no link to a file"))
        if match is not None:
            ids.append(match[1])
    return ids


def _described(entries: Sequence[Entry], sent: Mapping[str, str]) -> list[Entry]:
    found = list(entries)
    for name, file_id in sent.items():
        if not name.startswith("id."):
            continue
        place = _number(name.removeprefix("id."))
        if place is None or place >= len(found) or found[place][0] != file_id:
            raise Changed
        text = sent.get(f"description.{place}", found[place][1])
        found[place] = (file_id, text.replace("\r\n", "\n"))
    return found


def _wanted_positions(entries: Sequence[Entry], sent: Mapping[str, str]) -> dict[int, int]:
    """Where entries shall be, by where they are; only those that shall move."""
    wanted = {}
    for name, text in sent.items():
        place = _number(name.removeprefix("position.")) if name.startswith("position.") else None
        if place is None or place >= len(entries):
            continue
        position = _number(text.strip())
        if position is None or not 1 <= position <= len(entries):
            message = mark("A position is a whole number, from 1 to the number of files")
            raise errors.INTEGER_OUT_OF_RANGE(
                field=name, min_val=1, max_val=len(entries), val=text[:100], message=message
            )
        if position - 1 != place:
            wanted[place] = position - 1
    return wanted


def _positioned(entries: Sequence[Entry], wanted: Mapping[int, int]) -> list[Entry]:
    """Those with a wanted place stand there, and the others fill what is left in their order."""
    found = [entry for place, entry in enumerate(entries) if place not in wanted]
    for place, to in sorted(wanted.items(), key=lambda one: one[1]):
        found.insert(to, entries[place])
    return found


def _place(sent: Mapping[str, str], button: str, entries: Sequence[Entry]) -> int | None:
    place = _number(sent.get(button, ""))
    return place if place is not None and place < len(entries) else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= POSITION_DIGITS_MAX else None
