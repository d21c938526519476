"""Who may import whom: a module imports only from the layers to its left, and siblings are blind to each other."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent / "pixelhost"

LAYERS = (
    {"batching", "eager", "errors", "model", "notations", "settings", "plans", "clock", "ids", "keyring", "threads"},
    {"db", "blobs", "media"},
    {"site", "core"},
    {"wire"},
    {"pixeldrain", "pwpush", "privasfer", "web", "jobs"},
    {"app", "customdomains", "openapi", "cli", "serve", "tls", "worker", "__main__"},
)
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
STORES, DIALECTS = LAYERS[1], LAYERS[4] - {"jobs"}
CLIENTS = {"mollie.py", "siteverify.py", "webhookclient.py"}
"""Of other people's servers: these may speak HTTP, as whoever asks."""
TOGETHER = (LAYERS[0], LAYERS[2], LAYERS[5])  # these are one thing, not siblings


def imports(source: str) -> Iterator[str]:
    """Modules of ours that `source` imports, `from pixelhost.db import files` being `pixelhost.db.files`."""
    for statement in ast.walk(ast.parse(source)):
        if isinstance(statement, ast.Import):
            yield from (name.name for name in statement.names if name.name.split(".")[0] == "pixelhost")
        elif isinstance(statement, ast.ImportFrom):
            module = f"pixelhost.{statement.module or ''}".rstrip(".") if statement.level else statement.module or ""
            if module.split(".")[0] == "pixelhost":
                yield from (f"{module}.{name.name}" for name in statement.names)


def violation(part: str, imported: str) -> bool:
    other = imported.split(".")[1] if "." in imported else ""
    if other == part or other not in RANK:
        return False
    if part == "web" and imported.startswith("pixelhost.pixeldrain.shapes"):
        return False
    if part in DIALECTS | {"wire"} and other in STORES:
        return True
    if RANK[other] == RANK[part]:
        return not any({part, other} <= together for together in TOGETHER)
    return RANK[other] > RANK[part]


def violations() -> Iterator[str]:
    for path in ROOT.rglob("*.py"):
        part = path.relative_to(ROOT).parts[0].removesuffix(".py")
        for imported in imports(path.read_text(encoding="utf-8")):
            if part != "__init__" and violation(part, imported):
                yield f"{path.relative_to(ROOT)} imports {imported}"


def test_every_module_imports_only_from_the_layers_below_it():
    assert list(violations()) == []


def test_every_part_of_the_package_has_a_layer():
    parts = {path.name.removesuffix(".py") for path in ROOT.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert parts - RANK.keys() <= {"__init__", "__pycache__"}


def test_leaves_and_the_database_know_no_web_framework():
    for part in sorted(LAYERS[0] | LAYERS[1] | LAYERS[2]):
        for path in [*ROOT.glob(f"{part}.py"), *ROOT.glob(f"{part}/**/*.py")]:
            if path.name not in CLIENTS:
                assert "aiohttp" not in path.read_text(encoding="utf-8"), path
            assert "aiohttp.web" not in path.read_text(encoding="utf-8"), path


def test_the_rule_catches_what_it_forbids():
    assert violation("core", "pixelhost.wire.params")
    assert violation("db", "pixelhost.blobs.disk")
    assert violation("model", "pixelhost.core.files")
    assert violation("pixeldrain", "pixelhost.web.pages")
    assert violation("web", "pixelhost.pixeldrain.files")
    assert violation("wire", "pixelhost.db.files")
    assert violation("pixeldrain", "pixelhost.db.files")
    assert violation("jobs", "pixelhost.web.pages")
    assert not violation("web", "pixelhost.pixeldrain.shapes.file_info")
    assert not violation("core", "pixelhost.db.files")
    assert not violation("jobs", "pixelhost.db.limits")
    assert list(imports("import pixelhost.db.files\nfrom pixelhost import errors\nfrom os import path")) == [
        "pixelhost.db.files",
        "pixelhost.errors",
    ]
    assert list(imports("def f():\n    from .wire import params")) == ["pixelhost.wire.params"]
