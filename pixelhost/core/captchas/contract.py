"""What a provider of captchas can do."""

from typing import Protocol


class Captcha(Protocol):
    @property
    def name(self) -> str: ...

    def names(self, response: str) -> bytes | None:
        """What tells one response from another, however it is written; None when it isn't one at all."""

    async def is_right(self, response: str) -> bool:
        """Whether a person, or a costly computation, has made this response. Once: some tell it only once."""
