"""Settings: where they come from, which wins, and what a wrong one says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qa import load_config
from qa.config import Config, unknown_variables
from qa.schema import ConfigError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_stronger_place_wins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags over environment over qa.toml over pyproject.toml over defaults."""
    assert load_config().top_k == Config.model_fields["top_k"].default
    (folder / "pyproject.toml").write_text("[tool.qa]\ntop_k = 1\n")
    assert load_config().top_k == 1
    (folder / "qa.toml").write_text("top_k = 2\n")
    assert load_config().top_k == 2
    monkeypatch.setenv("QA_TOP_K", "3")
    assert load_config().top_k == 3
    assert load_config(top_k=4).top_k == 4
    assert load_config(top_k=None).top_k == 3


@pytest.mark.usefixtures("folder")
def test_a_misspelt_setting_names_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call refuses it; a variable of another program's must not stop anything, so the doctor names it."""
    with pytest.raises(ConfigError, match="did you mean 'top_k'"):
        load_config(top_kk=3)
    monkeypatch.setenv("QA_INDEX_DIRR", "x")
    monkeypatch.setenv("QA_OF_SOMETHING_ELSE", "x")
    load_config()
    assert unknown_variables() == ["QA_INDEX_DIRR; did you mean 'QA_INDEX_DIR'?", "QA_OF_SOMETHING_ELSE"]


def test_a_misspelt_setting_in_a_file_is_refused(folder: Path) -> None:
    """A setting without effect would be worse than an error."""
    (folder / "qa.toml").write_text("max_sentence = 2\n")
    with pytest.raises(ConfigError, match="max_sentences"):
        load_config()


def test_a_broken_file_is_one_line(folder: Path) -> None:
    """The message names the files to mend."""
    (folder / "qa.toml").write_text("top_k = = 2\n")
    with pytest.raises(ConfigError, match=r"qa\.toml"):
        load_config()


@pytest.mark.usefixtures("folder")
def test_a_wrong_value_is_shown_and_a_key_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets stay out of messages and out of printed settings."""
    with pytest.raises(ConfigError, match="'top_k' is 0"):
        load_config(top_k=0)
    monkeypatch.setenv("QA_LLM_API_KEY", "sk-very-secret")
    config = load_config()
    assert "sk-very-secret" not in repr(config)
    assert "sk-very-secret" not in config.model_dump_json()


@pytest.mark.usefixtures("folder")
def test_the_digest_follows_what_can_change_an_answer() -> None:
    """Folders do not; the number of passages read does."""
    assert load_config(index_dir="elsewhere").digest() == load_config().digest()
    assert load_config(top_k=3).digest() != load_config().digest()


def test_every_setting_says_what_it_is() -> None:
    """Descriptions feed the table in the documentation."""
    assert all(field.description for field in Config.model_fields.values())


@pytest.mark.usefixtures("folder")
def test_settings_that_do_not_go_together_are_refused_at_once() -> None:
    """With both values, before anything is read."""
    with pytest.raises(
        ConfigError, match=r"^passage_words is 300, above passage_words_max, which is 180; raise that too"
    ):
        load_config(passage_words=300)
    assert load_config(passage_words=300, passage_words_max=400).passage_words == 300


@pytest.mark.usefixtures("folder")
def test_settings_beside_a_config_are_laid_over_it() -> None:
    """What is given last wins, and is checked."""
    config = load_config(top_k=3, llm_api_key="sk-secret")
    assert load_config(config, top_k=7).top_k == 7
    assert load_config(config, candidates=5) == load_config(top_k=3, candidates=5, llm_api_key="sk-secret")
    with pytest.raises(ConfigError, match="did you mean 'top_k'"):
        load_config(config, top_kk=7)


def test_importing_leaves_the_process_as_it_is() -> None:
    """No variable of the environment and no level of logging is changed: that is the program's matter."""
    program = (
        "import os, logging; before = (dict(os.environ), logging.root.level)\n"
        "import qa.assistant, qa.index, qa.models.embedder\n"
        "assert (dict(os.environ), logging.root.level) == before, 'changed'"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
