"""Plain questions of any folder."""

import json
from pathlib import Path

import pytest

from conftest import SHARED
from model_server import ModelServer, copying
from qa import Assistant
from qa.evaluate import folder
from qa.evaluate.folder import PlainQuestion
from qa.evaluate.questions import EvalError
from qa.schema import Citation, Source

STRANGERS = SHARED / "strangers"
needs_strangers = pytest.mark.skipif(not STRANGERS.is_dir(), reason=f"the strangers' documents are not at {STRANGERS}")

MINUTES = """# Minutes of the harbour board

The board met on 4 March 2021 in the old customs house. Ada Holm was elected chair for two years.
The fee for a berth was raised from 310 to 395 crowns. The crane was sold to a museum in Tarn.
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("plain")
    (place / "harbour").mkdir()
    (place / "harbour" / "Minutes 2021.md").write_text(MINUTES)
    rows = [
        {"id": "a", "q": "Who was elected chair?", "kind": "fact", "doc": "Minutes 2021.md", "any": ["Ada Holm"]},
        {"id": "b", "q": "For how long?", "kind": "followup", "doc": "Minutes 2021.md",
         "any": ["two  years"], "follows": "a"},
        {"id": "c", "q": "Who discovered penicillin?", "kind": "none", "none": True},
        {"id": "d", "q": "What was sold to a museum?", "doc": "Minutes 2021.md", "any": ["the lighthouse"]},
    ]  # fmt: skip
    claims = [
        {"id": "x", "claim": "The crane was sold to a museum in Tarn.", "label": "supported"},
        {"id": "y", "claim": "Penicillin was discovered in Paris.", "label": "unsupported"},
    ]
    for name, lines in (("questions", rows), ("claims", claims)):
        text = "\n".join(json.dumps({**line, "corpus": "harbour"}) for line in lines)
        (place / f"{name}.jsonl").write_text(text)
    return place


def test_a_right_a_wrong_and_a_refused_answer_are_told_apart(place):
    """An answer counts by the words that it cites; a refusal is right where nothing answers."""
    asked, checked = folder.run(place)
    by_id = {a.question.id: a for a in asked}
    assert by_id["a"].found
    assert by_id["a"].first
    assert by_id["a"].ranked == 1
    assert by_id["c"].refused
    assert not by_id["c"].wrong
    assert not by_id["d"].found
    figures = folder.figures(asked)
    assert figures["n"] == 3
    assert figures["without answer"] == 1
    assert figures["refused rightly"] == 1.0
    assert figures["right answer found"] + figures["answered wrongly"] + figures["refused wrongly"] == pytest.approx(1)
    assert {c.id: said for c, said in checked}["x"] == "supported"


def test_what_a_language_model_wrote_is_counted_beside_what_was_found(place, monkeypatch):
    """Recall and precision of its citations, what was dropped, calls and tokens; each second question is a sample."""
    with ModelServer(copying()) as server:
        for name, value in server.settings("openai-like").items():
            monkeypatch.setenv(f"QA_{name.upper()}", value)
        monkeypatch.setenv("QA_ANSWERER", "write")
        asked, checked = folder.run(place, every=2)
    assert [a.question.id for a in asked] == ["a", "c"]
    assert checked == ()
    figures = folder.writing_figures(asked)
    assert figures["asked"] == figures["written"] == 1
    assert figures["citation recall"] == figures["citation precision"] == 1.0
    assert figures["calls"] == len(server.requests)
    assert "| language model: asked |" in folder.markdown(folder.to_dict(asked, checked))


def test_a_sample_holds_what_its_follow_ups_follow(place):
    """A follow-up alone would be another question."""
    questions = folder.load_plain(place / "questions.jsonl")
    assert [q.id for q in folder.sample(questions[1:] + questions[:1], 4)] == ["b", "a"]


def test_figures_are_printed_beside_those_of_an_earlier_run(place):
    """The table shows both, and which questions changed sides."""
    asked, checked = folder.run(place)
    data = folder.to_dict(asked, checked)
    before = json.loads(json.dumps(data))
    before["questions"]["a"]["found"] = False
    table = folder.markdown(data, before)
    assert "found: gained 1 (a), lost 0 ()." in table


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"id": "a", "q": "Who?"}, "give 'any' or 'all'"),
        ({"id": "a", "any": ["x"]}, "needs 'id' and 'q'"),
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path, row, why):
    """What is wrong, and where."""
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps({"id": "z", "q": "What?", "none": True}) + "\n" + json.dumps(row))
    with pytest.raises(EvalError, match=f"line 2: .*{why}"):
        folder.load_plain(path)


def test_words_of_another_file_are_no_answer():
    """The right words cited from a document that the question does not name do not count."""
    question = PlainQuestion.from_dict({"id": "a", "q": "Who?", "doc": ["b.md"], "any": ["Ada"]})
    quote = "Ada Holm was elected."
    cited = [Citation(Source(id_, id_), f"{id_}:0-21", 0, 21, quote) for id_ in ("a", "b")]
    assert not question.held_by(cited[:1])
    assert question.held_by(cited)


@needs_strangers
def test_the_strangers_questions_are_read_as_they_are():
    """Every line of the dev set has an answer by strings, or none; its corpora are there."""
    questions = folder.load_plain(STRANGERS / "questions.jsonl")
    claims = folder.load_claims(STRANGERS / "claims.jsonl")
    assert sum(q.answerable for q in questions) == 61
    assert len(claims) == 25
    assert set(folder.corpora(STRANGERS, (q.corpus for q in questions))) == {c.corpus for c in claims}


def test_a_follow_up_of_nothing_is_an_error(place):
    """It says which question is missing."""
    lone = PlainQuestion.from_dict({"id": "b", "q": "And then?", "any": ["x"], "follows": "zz"})
    with Assistant.build(place / "harbour", place / "index") as assistant, pytest.raises(EvalError, match="'zz'"):
        folder.ask_all(assistant, [lone])


def test_a_missing_corpus_is_named():
    """Not a folder: its name is said."""
    with pytest.raises(EvalError, match="no folder for the corpus 'nowhere'"):
        folder.corpora(Path(__file__).parent, ["nowhere"])
