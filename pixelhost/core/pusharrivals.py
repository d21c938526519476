"""Files of a push to be, on their way in: whatever form they come by, each is sealed while it arrives."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

from pixelhost.core import pushfields, storage
from pixelhost.core.pushfiles import NewFile
from pixelhost.core.pushsecrets import PushKey
from pixelhost.core.storage import Source
from pixelhost.core.uploads import Admission
from pixelhost.site import Site

FORM_BYTES: Final = 16 << 20
"""Of all fields of a form: a text of the greatest length, percent-encoded."""


class Arrivals:
    """Those of one form. `files` have come; what has not become a push's when `stack` ends is dropped.

    `admit` is asked before the first, with how many bytes there are at least; `count` is how many the push has already.
    """

    def __init__(
        self,
        site: Site,
        key: PushKey,
        stack: AsyncExitStack,
        admit: Callable[[int], Admission],
        *,
        body_bytes: int | None,
        count: int = 0,
    ) -> None:
        """`body_bytes` is the announced size of the whole form, whose fields may be all but the files."""
        self.files: list[NewFile] = []
        self._site = site
        self._key = key
        self._stack = stack
        self._admit = admit
        self._expected_bytes = max((body_bytes or 0) - FORM_BYTES, 0)
        self._count = count
        self._admission: Admission | None = None

    async def take(self, name: str, source: Source) -> None:
        """Raises PUSH_INVALID, what `admit` does, FILE_TOO_LARGE, USER_OUT_OF_SPACE, ERROR_READING_INPUT, WRITING."""
        admission = self._admission or self._admit(self._expected_bytes)
        if self._count + len(self.files) == pushfields.FILES_MAX:
            raise pushfields.too_many_files()
        pushfields.refuse_long_name(name)
        receiving = storage.received(
            self._site, source, refuse_size=admission.refuse_size, digests={}, key=self._key.key
        )
        got = await self._stack.enter_async_context(receiving)
        self.files.append(NewFile(name, got))
        self._admission = admission.after(got.size_bytes)
