"""What a link to a page looks like elsewhere: Open Graph (ogp.me) and Twitter card properties, in order."""

from pixelhost.model.files import File, FileList
from pixelhost.web.languages import Language
from pixelhost.web.wording import counted, honest, human_size

Tags = list[tuple[str, str]]

SITE_NAME = "pixelhost"
PAGE_TYPES = {"video": "video.other", "audio": "music.song"}


def of_file(language: Language, here: str, file: File, raw_url: str) -> Tags:
    """`raw_url` is absolute. A file that goes after some downloads is not offered to programs that fetch films and
    music to show them: they would spend it.
    """
    family = file.mime_type.partition("/")[0]
    described = f"{human_size(language, file.size_bytes)} · {file.mime_type}"
    tags = _page(f"{here}/u/{file.id}", file.name, described, PAGE_TYPES.get(family, "website"))
    tags += _image(f"{here}/api/file/{file.id}/thumbnail")
    if file.delete_after_downloads:
        return tags
    if family == "video":
        tags += [("og:video", raw_url), ("og:video:url", raw_url)]
        tags += [("og:video:secure_url", raw_url)] if raw_url.startswith("https:") else []
        tags += [("og:video:type", file.mime_type)]
    if family == "audio":
        tags += [("og:audio", raw_url), ("og:audio:url", raw_url), ("og:audio:type", file.mime_type)]
    return tags


def of_list(language: Language, here: str, found: FileList, size_bytes: int) -> Tags:
    described = f"{counted(language, len(found.files), 'file')} · {human_size(language, size_bytes)}"
    tags = _page(f"{here}/l/{found.id}", found.title, described, "website")
    return tags + _image(f"{here}/api/list/{found.id}/thumbnail")


def _page(url: str, title: str, described: str, kind: str) -> Tags:
    return [
        ("og:site_name", SITE_NAME),
        ("og:type", kind),
        ("og:title", honest(title)),
        ("og:description", described),
        ("og:url", url),
        ("twitter:card", "summary"),
        ("twitter:title", honest(title)),
        ("twitter:description", described),
    ]


def _image(url: str) -> Tags:
    return [("og:image", url), ("og:image:type", "image/png"), ("twitter:image", url)]
