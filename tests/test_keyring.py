"""The instance's secrets: a new key seals, earlier ones open, and a changed file is noticed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pixelhost.keyring import KeyFile, Keyring, KeyringError

OLD, NEW, OTHER = "old " * 8, "new " * 8, "other" * 7


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    made = KeyFile(tmp_path / "data" / "secret.key")
    made.make()
    return made


def names_beside(file: KeyFile) -> list[str]:
    return [path.name for path in file.path.parent.iterdir()]


def test_what_an_earlier_key_has_sealed_still_opens():
    sealed = Keyring([OLD]).seal(b"totp", b"secret")
    assert Keyring([NEW, OTHER, OLD]).open(b"totp", sealed) == b"secret"
    assert Keyring([NEW, OTHER]).open(b"totp", sealed) is None


def test_the_first_key_seals():
    sealed = Keyring([NEW, OLD]).seal(b"totp", b"secret")
    assert Keyring([NEW]).open(b"totp", sealed) == b"secret"
    assert Keyring([OLD]).open(b"totp", sealed) is None


def test_a_secret_opens_only_for_its_purpose_and_what_it_is_bound_to():
    keys = Keyring([NEW, OLD])
    sealed = keys.seal_key(b"key", b"hash")
    assert keys.open_key(sealed, b"hash") == b"key"
    assert keys.open_key(sealed, b"Hash") is None
    assert keys.open(b"api keys", sealed) is None
    assert keys.open(b"totp", keys.seal(b"push keys", b"secret")) is None
    for broken in (b"", sealed[:11], sealed[:12], sealed[:27], sealed[:-1], sealed + b"x"):
        assert keys.open_key(broken, b"hash") is None


def test_sealing_anew_leaves_alone_what_the_current_key_has_sealed():
    old, both = Keyring([OLD]), Keyring([NEW, OLD])
    sealed = old.seal(b"totp", b"secret", b"bound")
    anew = both.sealed_anew(b"totp", sealed, b"bound")
    assert anew is not None
    assert Keyring([NEW]).open(b"totp", anew, b"bound") == b"secret"
    assert both.sealed_anew(b"totp", anew, b"bound") == anew
    assert both.sealed_anew(b"totp", anew, b"elsewhere") is None
    assert Keyring([NEW, OTHER]).sealed_anew(b"totp", sealed, b"bound") is None


def test_the_file_is_made_once_for_its_owner_only(file: KeyFile):
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    (master,) = file.read()
    assert len(master) == 64
    file.make()
    assert file.read() == [master]
    assert names_beside(file) == ["secret.key"]


def test_a_new_key_stands_before_the_earlier_ones_until_they_are_dropped(file: KeyFile):
    (first,) = file.read()
    file.add()
    file.add()
    newest, second, last = file.read()
    assert last == first
    assert len({newest, second, last}) == 3
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    file.drop_earlier()
    assert file.read() == [newest]
    assert names_beside(file) == ["secret.key"]


def test_what_a_killed_change_left_is_in_nobodys_way(file: KeyFile):
    file.path.with_name("secret.key.new").write_text("half of a k")
    file.add()
    assert len(file.read()) == 2
    assert names_beside(file) == ["secret.key"]


def test_a_file_behind_a_link_stays_where_it_is(file: KeyFile, tmp_path: Path):
    link = tmp_path / "link"
    link.symlink_to(file.path)
    KeyFile(link).add()
    assert link.is_symlink()
    assert len(file.read()) == 2


def test_another_processes_new_key_is_used_at_once(file: KeyFile):
    ours = Keyring((), file)
    before = ours.seal(b"totp", b"before")
    KeyFile(file.path).add()
    after = ours.seal(b"totp", b"after")
    newest, first = file.read()
    assert Keyring([newest]).open(b"totp", after) == b"after"
    assert Keyring([first]).open(b"totp", after) is None
    assert ours.open(b"totp", before) == b"before"


def test_what_another_process_sealed_with_its_new_key_opens(file: KeyFile):
    ours, theirs = Keyring((), file), Keyring((), KeyFile(file.path))
    KeyFile(file.path).add()
    assert ours.open(b"totp", theirs.seal(b"totp", b"secret")) == b"secret"


def test_dropped_keys_open_nothing_any_more(file: KeyFile):
    ours = Keyring((), file)
    before = ours.seal(b"totp", b"before")
    file.add()
    assert ours.has_earlier
    file.drop_earlier()
    assert not ours.has_earlier
    assert ours.open(b"totp", before) is None


def test_visitors_are_others_once_the_key_has_changed(file: KeyFile):
    ours = Keyring((), file)
    before = ours.visitor("192.0.2.1")
    assert before == ours.visitor("192.0.2.1") != ours.visitor("192.0.2.2")
    assert len(before) == 16
    file.add()
    assert ours.visitor("192.0.2.1") != before


@pytest.mark.parametrize("text", [None, "", "\n\n", "x" * 31, "x" * 32 + "\n" + "y" * 31 + "\n", b"\xff" * 40])
def test_a_broken_file_is_refused_at_the_start_and_harms_nobody_who_runs(file: KeyFile, text: str | bytes | None):
    running = Keyring((), file)
    sealed = running.seal(b"totp", b"secret")
    file.path.unlink()
    if text is not None:
        file.path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(KeyringError, match=r"secret\.key"):
        Keyring((), file)
    assert running.open(b"totp", sealed) == b"secret"
    assert running.open(b"totp", running.seal(b"totp", b"more")) == b"more"


def test_a_key_of_32_characters_and_blank_lines_do(file: KeyFile):
    file.path.write_text(f"\n  {'x' * 32}  \r\n\n{'ü' * 32}\n")
    assert file.read() == ["x" * 32, "ü" * 32]


def test_keys_of_the_settings_open_what_they_sealed_beside_those_of_the_file(file: KeyFile):
    ours = Keyring([OLD], file)
    assert ours.open(b"totp", Keyring([OLD]).seal(b"totp", b"secret")) == b"secret"
    assert Keyring([OLD]).open(b"totp", ours.seal(b"totp", b"secret")) is None
    file.add()
    assert ours.open(b"totp", Keyring([OLD]).seal(b"totp", b"secret")) == b"secret"
