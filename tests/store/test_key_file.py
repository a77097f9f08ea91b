"""The key file: made once, readable by its owner alone, and missed when it is gone (T71)."""

from pathlib import Path

import pytest

from tricord.app.home import Home, HomeBusy, SecretsInvalid
from tricord.store.sealing import KeyWrong, new_key_file, read_key_file


def test_t71_a_new_home_has_a_key_that_others_cannot_read(tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    home.make()
    assert home.key_path.stat().st_mode & 0o777 == 0o600
    assert home.path.stat().st_mode & 0o777 == 0o700
    first = read_key_file(home.key_path)
    home.make()
    assert read_key_file(home.key_path) == first
    assert len(first) == 32


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    new_key_file(tmp_path / "k")
    with pytest.raises(FileExistsError):
        new_key_file(tmp_path / "k")


def test_a_key_that_others_may_read_or_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "k"
    new_key_file(path)
    path.chmod(0o644)
    with pytest.raises(KeyWrong, match="chmod 600"):
        read_key_file(path)
    path.chmod(0o600)
    path.write_text("not a key")
    with pytest.raises(KeyWrong, match="holds no key"):
        read_key_file(path)


def test_a_database_without_its_key_is_not_given_a_new_one(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.open_database().close()
    home.key_path.unlink()
    with pytest.raises(SecretsInvalid, match="put the key back"):
        home.open_database()


def test_one_home_is_worked_in_by_one_process(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    with home.held(), pytest.raises(HomeBusy), home.held():
        pass


def test_secrets_that_others_may_read_are_refused_and_malformed_ones_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.make()
    home.secrets_path.write_text("A=1\n")
    home.secrets_path.chmod(0o644)
    with pytest.raises(SecretsInvalid, match="chmod 600"):
        home.variables()
    home.secrets_path.chmod(0o600)
    assert home.variables()["A"] == "1"
    home.secrets_path.write_text("A=1\nnonsense\n")
    with pytest.raises(SecretsInvalid, match="2: write NAME=value"):
        home.variables()
