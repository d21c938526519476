"""A server, rclone with its Pixeldrain backend as it is and no flag to help it along, and something to carry."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import mypy
import pytest

from tests.support.rclone import Rclone
from tests.support.running import Running, data_directory, serving

# Debian has them in packages of their own, or not at all.
APART = ("test", "idlelib", "lib2to3", "distutils", "ensurepip", "tkinter", "turtledemo", "config-*")

PLANS = """
[unlimited]
name = "Unlimited"
type = "unlimited"
filesystem_access = true

[small]
name = "Small"
type = "free"
storage_space = 1_000_000
filesystem_access = true
"""


@pytest.fixture(scope="package")
def server() -> Iterator[Running]:
    with data_directory() as directory:
        plans = directory / "plans.toml"
        plans.write_text(PLANS)
        with serving(directory, plans_file=plans) as running:
            yield running


@pytest.fixture(scope="package")
def rclone(server: Running, tmp_path_factory: pytest.TempPathFactory) -> Rclone:
    return Rclone(tmp_path_factory.mktemp("home"), server.url, server.key)


@pytest.fixture(scope="package")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of Python's own library, which the tests may change: what every machine has of it, and its types."""
    left_out = shutil.ignore_patterns("site-packages", "dist-packages", "__pycache__", "*.a", *APART)
    target = tmp_path_factory.mktemp("library") / "python"
    shutil.copytree(sysconfig.get_path("stdlib"), target, ignore=left_out, ignore_dangling_symlinks=True)
    shutil.copytree(Path(mypy.__file__).with_name("typeshed"), target / "typeshed", ignore=left_out)
    return target
