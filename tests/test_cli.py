"""The command: output, exit status, errors as one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from conftest import ROOT, TOWN
from conftest import qa_command as qa
from test_schema import SCHEMA


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with a corpus and its index."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "corpus").mkdir()
    for name, text in TOWN.items():
        (folder / "corpus" / f"{name}{'.md' if text.startswith('---') else '.txt'}").write_text(text)
    (folder / "empty.md").write_text("\n")
    (folder / "picture.png").write_bytes(bytes(range(256)))
    assert qa(folder, "index").returncode == 0
    return folder


def test_a_process_of_its_own_says_the_same(home: Path) -> None:
    """`python -m qa`: its output, statuses 0, 1 and 2, an error as one line; the other tests stay in this process."""
    for arguments, stdin in (
        (("ask", "-"), "How many votes was the harbour bridge approved by?"),
        (("ask", "Who won the chess olympiad?"), ""),
        (("ask", "?!"), ""),
    ):
        alone = subprocess.run(
            [sys.executable, "-m", "qa", *arguments],
            cwd=home,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )
        here = qa(home, *arguments, stdin=stdin)
        assert (alone.stdout, alone.stderr, alone.returncode) == (here.stdout, here.stderr, here.returncode)


def test_asking_prints_sentences_markers_and_references(home: Path) -> None:
    """Status 0."""
    run = qa(home, "ask", "How many votes was the harbour bridge approved by?")
    assert run.returncode == 0, run.stderr
    assert "12 votes to 7" in run.stdout
    assert "[1] The Harbour Gazette, Ana Ruiz" in run.stdout
    assert "\x1b" not in run.stdout


def test_passages_are_shown_when_asked_for(home: Path) -> None:
    """The cited words with what stands around them."""
    run = qa(home, "ask", "How many votes was the harbour bridge approved by?", "--show-passages")
    assert "Mayor Inés Duarte said the bridge" in " ".join(run.stdout.split())


def test_abstaining_is_status_1_and_shows_the_nearest(home: Path) -> None:
    """Not an error: it goes to standard output."""
    run = qa(home, "ask", "Who won the chess olympiad?")
    assert run.returncode == 1
    assert "Nearest passages" in run.stdout
    assert run.stderr == ""


def test_of_a_near_passage_one_sentence_is_shown(home: Path) -> None:
    """The nearest to the question; the whole where passages are asked for."""
    question = "Who won the chess olympiad on the harbour bridge?"
    short, whole = (" ".join(qa(home, "ask", question, *more).stdout.split()) for more in ((), ("--show-passages",)))
    assert "The harbour bridge will cost" in short
    assert "She added that no house would be pulled down" not in short
    assert "She added that no house would be pulled down" in whole


def test_json_is_the_answers_dictionary(home: Path) -> None:
    """For answers and abstentions."""
    for question in ("Who objected to the bridge?", "Who won the chess olympiad?"):
        jsonschema.validate(json.loads(qa(home, "ask", question, "--json").stdout), SCHEMA)


def test_what_sources_agree_and_differ_on_stands_side_by_side(tmp_path: Path) -> None:
    """Both quotations under who agrees with whom, or differs, or reports later, and on what."""
    (tmp_path / "corpus").mkdir()
    echo = TOWN["gazette"].replace("The Harbour Gazette", "Town Echo").replace("48 million", "52 million")
    (tmp_path / "corpus" / "gazette.md").write_text(TOWN["gazette"])
    (tmp_path / "corpus" / "echo.md").write_text(echo)
    qa(tmp_path, "index")
    told = qa(tmp_path, "ask", "How do the sources differ on what the harbour bridge will cost?").stdout
    told = " ".join(told.split())
    said = told.split("They differ on the figure")[1]
    assert all(
        words in said for words in ("The Harbour Gazette (4 March 2021): The bridge will", "48 million", "52 million")
    )
    told = qa(tmp_path, "ask", "Do the sources agree on when the council approved the bridge?").stdout
    assert "They agree on the date" in told
    assert "They differ" not in told
    (tmp_path / "corpus" / "echo.md").write_text(echo.replace("2021-03-04", "2021-03-05"))
    qa(tmp_path, "index")
    assert (
        "Later report" in qa(tmp_path, "ask", "How do the sources differ on what the harbour bridge will cost?").stdout
    )


def test_a_question_can_come_from_standard_input(home: Path) -> None:
    """`qa ask -`."""
    assert "310" in qa(home, "ask", "-", stdin="How many members has the cooperative?").stdout


def test_a_conversation_shows_what_was_searched_for(home: Path) -> None:
    """Two questions, an empty line, done."""
    run = qa(home, "chat", stdin="What did Tomás Vidal call the plan?\nAnd who is he?\n\n")
    assert run.returncode == 0
    assert "gift to the" in run.stdout
    assert "searched for:" in run.stdout


def test_searching_prints_passages_with_their_ranks(home: Path) -> None:
    """And status 1 when there is nothing."""
    run = qa(home, "search", "ferry passengers", "-k", "2")
    assert run.returncode == 0
    assert "Island Ledger" in run.stdout
    assert "dense 1" in run.stdout
    assert len(json.loads(qa(home, "search", "ferry", "-k", "1", "--json").stdout)) == 1


def test_sources_are_listed_and_shown(home: Path) -> None:
    """With what is known of them."""
    assert "gazette" in qa(home, "sources", "list").stdout
    assert [s["id"] for s in json.loads(qa(home, "sources", "list", "--json").stdout)] == sorted(TOWN)
    shown = qa(home, "sources", "show", "ledger").stdout
    assert "publisher: Island Ledger" in shown
    assert "Steel prices rose" in " ".join(shown.split())


def test_a_source_can_be_removed(home: Path, tmp_path: Path) -> None:
    """From the index, not from the corpus."""
    index = str(tmp_path / "other")
    qa(home, "index", "--index", index)
    run = qa(home, "sources", "remove", "letters", "--index", index)
    assert run.returncode == 0, run.stderr
    listed = qa(home, "sources", "list", "--json", "--index", index).stdout
    assert [s["id"] for s in json.loads(listed)] == ["gazette", "ledger"]
    assert (home / "corpus" / "letters.txt").exists()


def test_checking_a_text_says_which_sentence_is_borne_out(home: Path) -> None:
    """Status 1 unless all are."""
    text = "The council approved the harbour bridge on 3 March 2021 by 12 votes to 7.\n"
    assert qa(home, "check", "-", stdin=text).returncode == 0
    wrong = qa(home, "check", "-", stdin=text.replace("12 votes", "16 votes"))
    assert wrong.returncode == 1
    assert "supported" not in wrong.stdout.split("The council")[0]


def test_doctor_finds_everything_well_or_says_how_to_mend_it(home: Path) -> None:
    """Healthy: status 0; a changed corpus: status 2 and the command to run."""
    well = qa(home, "doctor")
    assert well.returncode == 0, well.stdout
    extra = home / "corpus" / "extra.txt"
    extra.write_text("One more document about the lighthouse.\n")
    ill = qa(home, "doctor")
    extra.unlink()
    assert ill.returncode == 2
    assert "qa index" in ill.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ask", ""), "the question is empty"),
        (("ask", "?!"), "no word to search for"),
        (("ask", "bridge", "--publisher", "The Times"), "no publisher 'The Times'"),
        (("ask", "bridge", "--since", "yesterday"), "2017-11-30"),
        (("sources", "show", "nope"), "there are: gazette"),
        (("ask", "bridge", "--index", "no where"), "no index in no where; build it with `qa index --index 'no where'`"),
        (
            ("ask", "bridge", "--index", "nowhere", "--corpus", "x"),
            "build it with `qa index --corpus x --index nowhere`",
        ),
        (("index", "no-such-file.md"), "no-such-file.md"),
        (("check", "no-such-answer.md"), "cannot read no-such-answer.md: no such file or directory; give a text file"),
        (("check", "empty.md"), "nothing to check: empty.md is empty"),
        (("check", "picture.png"), "picture.png is not text in UTF-8; save what is to be checked as"),
    ],
)
def test_an_error_is_one_line_and_status_2(home: Path, arguments: tuple[str, ...], message: str) -> None:
    """No traceback, and what to do."""
    run = qa(home, *arguments, COLUMNS="1000")
    assert run.returncode == 2
    assert message in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
    assert "Traceback" not in run.stderr


def test_a_document_that_cannot_be_read_is_skipped_and_said(home: Path, tmp_path: Path) -> None:
    """The rest is indexed; the status says so."""
    (tmp_path / "good.txt").write_text("The lighthouse was sold in 2020.\n")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)) * 10)
    run = qa(home, "index", str(tmp_path), "--index", str(tmp_path / "i"))
    assert run.returncode == 2
    assert "Indexed 1 documents" in run.stdout
    assert "empty.txt" in run.stderr
    assert "binary.txt" in run.stderr


def test_folders_come_from_flag_or_environment(home: Path, tmp_path: Path) -> None:
    """`QA_INDEX_DIR`, `QA_CORPUS_DIR`."""
    run = qa(tmp_path, "ask", "Who objected to the bridge?", QA_INDEX_DIR=str(home / "index"))
    assert run.returncode == 0, run.stderr


def test_every_command_has_help(home: Path) -> None:
    """And the README names each of them."""
    listing = qa(home, "--help").stdout
    commands = [line.split()[0] for line in listing.split("Commands:")[1].splitlines() if line.strip()]
    readme = (ROOT / "README.md").read_text()
    for command in commands:
        assert qa(home, command, "--help").returncode == 0
        assert f"qa {command}" in readme, f"README does not name `qa {command}`"


def test_the_version_is_the_packages(home: Path) -> None:
    """Written once."""
    from importlib.metadata import version

    assert qa(home, "--version").stdout.strip() == version("qa")


def test_only_an_index_that_nobody_named_is_built_on_the_way(home: Path, tmp_path: Path) -> None:
    """A mistyped `--index` is an error that leaves nothing behind; the usual one is made by the first question."""
    (home / "claim.txt").write_text("The bridge is old.")
    for command in (
        ("ask", "bridge"),
        ("search", "bridge"),
        ("sources", "list"),
        ("check", "claim.txt"),
    ):
        run = qa(home, *command, "--index", str(tmp_path / "mistyped"))
        assert run.returncode == 2
        assert "or leave out --index for the one in index" in " ".join(run.stderr.split())
    assert not list(tmp_path.iterdir())
    first = qa(tmp_path, "ask", "Who objected to the bridge?", QA_CORPUS_DIR=str(home / "corpus"))
    assert first.returncode == 0, first.stderr
    assert (tmp_path / "index").is_dir()


def test_a_corpus_that_was_not_read_is_told(home: Path) -> None:
    """An index that stands is used; that `--corpus` had no say in it is said, with what to do."""
    assert "reads anew" not in qa(home, "sources", "list").stderr
    told = " ".join(qa(home, "sources", "list", "--corpus", "corpus").stderr.split())
    assert "`qa index --corpus corpus --index index` reads anew" in told
