"""The languages of the pages. English stands in the sources; every other one is a file, `languages/<tag>.po` (gettext).

What a page says is marked where it is said: `_("...")` and `{% trans %}` in templates, `t("...")` and `n(...)` in
scripts, `mark("...")` and `plural(...)` in Python, whose words a template translates when it shows them. `make strings`
gathers all of them into the catalogues.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web
from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER: Final = Path(__file__).parent / "languages"
COOKIE: Final = "pd_language"
COOKIE_SECONDS: Final = 365 * 24 * 3600
PARAMETER: Final = "locale"
BRITISH: Final = Locale("en", "GB")

PLURAL_SAMPLES: Final = (*range(201), 1_000, 10_000, 100_000, 1_000_000)
"""Counts among which every category of plural occurs in every language that CLDR knows."""


@dataclass(frozen=True, eq=False)
class Language:
    """`tag` is that of BCP 47, `name` what the language calls itself."""

    tag: str
    name: str
    locale: Locale
    translations: NullTranslations
    catalog: Catalog | None

    @cached_property
    def script_strings(self) -> Mapping[str, str | Mapping[str, str]]:
        """What scripts say, by what stands in the source; of a plural the form of each category of CLDR's."""
        return {_key(message): self._forms(message) for message in self.catalog or () if _is_for_scripts(message)}

    @property
    def dates(self) -> Locale:
        """How dates are written. In English the day comes first."""
        return BRITISH if self.locale.language == "en" else self.locale

    def _forms(self, message: Message) -> str | Mapping[str, str]:
        if isinstance(message.id, str):
            return self.translations.gettext(message.id)
        one, many = message.id
        category = self.locale.plural_form
        return {category(count): self.translations.ngettext(one, many, count) for count in reversed(PLURAL_SAMPLES)}


def mark(text: str) -> str:
    """The text itself, which `make strings` finds here and a template translates."""
    return text


def plural(one: str, many: str) -> tuple[str, str]:
    """The same for what is counted."""
    return one, many


def of(request: web.BaseRequest) -> Language:
    """The language that the visitor has chosen, else that of the link, else what the browser prefers, else English."""
    chosen = LANGUAGES.get(request.cookies.get(COOKIE, "")) or LANGUAGES.get(request.query.get(PARAMETER, ""))
    if chosen is not None:
        return chosen
    preferred = map(_best, _preferred(request.headers.get(hdrs.ACCEPT_LANGUAGE, "")))
    return next(filter(None, preferred), ENGLISH)


def _best(tag: str) -> Language | None:
    """The language of a tag, or of its beginning: de for de-CH (RFC 4647, 3.4)."""
    parts = tag.lower().split("-")
    beginnings = ("-".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((_BY_TAG[one] for one in beginnings if one in _BY_TAG), None)


def _preferred(accepted: str) -> list[str]:
    """Language tags of an Accept-Language header, the most wanted first (RFC 9110, 12.5.4). What is malformed goes."""
    ranked = []
    for position, part in enumerate(accepted[:1000].split(",")):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().lower().removeprefix("q=") or 1)
        except ValueError:
            continue
        if tag.strip() and tag.strip().replace("-", "").isalnum() and quality > 0:
            ranked.append((-quality, position, tag.strip()))
    return [tag for _, _, tag in sorted(ranked)]


def read(path: Path) -> Language:
    with path.open("rb") as file:
        catalog = read_po(file, locale=path.stem.replace("-", "_"), abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return _language(path.stem, GNUTranslations(compiled), catalog)


def _language(tag: str, translations: NullTranslations, catalog: Catalog | None = None) -> Language:
    try:
        locale = Locale.parse(tag, sep="-")
    except UnknownLocaleError as error:
        raise ValueError(f"languages/{tag}.po is named after no language: {error}") from error
    return Language(tag, (locale.display_name or tag).capitalize(), locale, translations, catalog)


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _is_for_scripts(message: Message) -> bool:
    """What scripts say, and what the API says to them when it refuses something."""
    return bool(message.id) and any(
        path.endswith(".js") or not path.startswith("pixelhost/web/") for path, _ in message.locations
    )


ENGLISH: Final = _language("en", NullTranslations())
LANGUAGES: Final[Mapping[str, Language]] = {"en": ENGLISH} | {
    path.stem: read(path) for path in sorted(FOLDER.glob("*.po"))
}
_BY_TAG: Final = {tag.lower(): language for tag, language in LANGUAGES.items()}
