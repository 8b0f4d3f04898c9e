"""The reader with the weights that ship, on passages written for these tests."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.models.encoder import plain_tokenizer
from qa.models.files import SHIPPED, minilm_folder
from qa.models.reader import MAX_TOKENS, Cascade, Reader, Window, encode
from qa.schema import ModelError

WEIGHTS = SHIPPED / "weights" / "reader.onnx"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load()


def window(text: str, heading: str = "") -> Window:
    """A window whose sentences end at a full stop, question mark or line break."""
    found = re.finditer(r"[^\s][^\n]*?(?:[.?!][”\"]?(?=\s|$)|(?=\n|$))", text)
    return Window(text, tuple(m.span() for m in found), heading)


def best(reader: Reader, question: str, w: Window) -> str:
    answers = reader.read(question, [w])[0].answers
    a, b = w.sentences[answers.index(max(answers))]
    return w.text[a:b]


BRIDGE = window(
    "The Arlen bridge crosses the river Teel at its narrowest point. Work on it began in the spring of 1931. "
    "Two floods delayed the builders, and it was opened to traffic only in June 1936. "
    "The engineer Clara Voss designed its three arches. It was repainted in 1988.",
    "Arlen bridge",
)
TALKS = window(
    "Delegates met in Varna for two days. Petra Lund, who leads the harbour union, rejected the offer. "
    "“We will not sign a paper that leaves out the night shift,” she told reporters. "
    "The port's owner, Milo Grant, called the offer generous."
)
PAPER = window(
    "Slow rivers and fast towns\nAnn Okoye\nUniversity of Larne\nReceived: 4 March 2019\n"
    "Accepted on: 21 August 2019\nDOI: 10.4321/srft.2019.77\n"
    "The paper asks why towns on slow rivers grew faster."
)


@pytest.mark.parametrize(
    ("question", "start"),
    [
        ("When was the Arlen bridge opened?", "Two floods"),
        ("Who designed the arches of the bridge?", "The engineer"),
        ("when did work on the bridge begin", "Work on it"),
        ("Which river does the Arlen bridge cross?", "The Arlen bridge"),
    ],
)
def test_the_sentence_that_answers_comes_first(reader: Reader, question: str, start: str) -> None:
    """Of sentences on one subject, the one that answers gets the highest probability."""
    assert best(reader, question, BRIDGE).startswith(start)


@pytest.mark.parametrize(
    ("question", "start"),
    [
        ("Who leads the harbour union?", "Petra Lund"),
        ("Who called the offer generous?", "The port's owner"),
        ("What did Petra Lund say about the night shift?", "“We will not"),
    ],
)
def test_a_quotation_is_found_by_its_speaker(reader: Reader, question: str, start: str) -> None:
    """A quotation whose speaker stands in the sentence before is found by the speaker's name."""
    assert best(reader, question, TALKS).startswith(start)


@pytest.mark.parametrize(
    ("question", "start"),
    [
        ("What is the DOI of the article?", "DOI"),
        ("When was the article accepted?", "Accepted on"),
        ("When was the paper received?", "Received"),
    ],
)
def test_facts_in_lists_are_found(reader: Reader, question: str, start: str) -> None:
    """A DOI or a date of acceptance is an answer although no verb goes with it."""
    assert best(reader, question, PAPER).startswith(start)


@pytest.mark.parametrize(
    ("asked", "missed", "text"),
    [
        ("When was the Arlen bridge opened?", "When was the Morley tunnel opened?", BRIDGE),
        ("Who designed the arches of the bridge?", "Who demolished the arches of the bridge?", BRIDGE),
        ("When was the article accepted?", "What is the ISSN of the journal?", PAPER),
        ("Who leads the harbour union?", "Who leads the teachers' union?", TALKS),
    ],
)
def test_a_near_miss_is_less_likely_answered(reader: Reader, asked: str, missed: str, text: Window) -> None:
    """Another name, event or field in the question lowers both probabilities."""
    good, bad = (reader.read(q, [text])[0] for q in (asked, missed))
    assert max(bad.answers) < max(good.answers)
    assert bad.answerable < good.answerable


def test_what_has_nothing_to_do_with_the_question_is_not_an_answer(reader: Reader) -> None:
    """A window about something else is told apart from one that answers, by a wide margin."""
    here, there = reader.read("When was the Arlen bridge opened?", [BRIDGE, TALKS])
    assert here.answerable > 0.5 > 0.2 > there.answerable
    assert max(there.answers) < 0.2
    assert there.span is None


def test_the_span_is_the_short_answer_in_the_text(reader: Reader) -> None:
    """The span lies in the sentence that answers and covers the words asked for."""
    a, b = reader.read("Who designed the arches of the bridge?", [BRIDGE])[0].span or (0, 0)
    assert "Voss" in BRIDGE.text[a:b]
    assert any(s <= a and b <= e for s, e in BRIDGE.sentences)


def test_a_window_is_read_alike_alone_and_among_others(reader: Reader) -> None:
    """What a window gets does not depend on the windows around it, nor on the run."""
    question = "When was the Arlen bridge opened?"
    alone = [reader.read(question, [w])[0] for w in (BRIDGE, TALKS, PAPER)]
    assert reader.read(question, [BRIDGE, TALKS, PAPER]) == alone
    assert reader.read(question, [PAPER, TALKS, BRIDGE] * 3) == alone[::-1] * 3


def test_nothing_to_read_gives_nothing(reader: Reader) -> None:
    """No window, a window without sentences and an empty text are no errors."""
    assert reader.read("Who?", []) == []
    for empty in (Window("", ()), Window("Some words.", ())):
        (reading,) = reader.read("Who?", [empty])
        assert (reading.answers, reading.answerable, reading.span) == ((), 0.0, None)
    (blank,) = reader.read("Who?", [Window("   ", ((0, 3),))])
    assert blank.answers == (0.0,)


def test_a_long_window_is_read_to_its_end(reader: Reader) -> None:
    """A sentence far beyond what is read at once is still found."""
    filler = "The weather over the valley was mild that year and the harvest was good. "
    text = filler * 60 + "Ida Holm won the ski race of 1952. " + filler * 20
    assert best(reader, "Who won the ski race of 1952?", window(text.strip())).startswith("Ida Holm")


def test_one_endless_sentence_is_cut_safely(reader: Reader) -> None:
    """A sentence longer than all the room loses its end and still gets a probability."""
    (reading,) = reader.read("Who won?", [window("word " * 3000 + "end.")])
    assert len(reading.answers) == 1
    assert 0 <= reading.answers[0] <= 1


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=90), max_size=12),
    st.text(max_size=300),
    st.text(max_size=80),
)
def test_any_text_is_read(reader: Reader, parts: list[str], question: str, heading: str) -> None:
    """Whatever the text, each sentence gets a probability and the span lies in one of them."""
    spans, at = [], 0
    for part in parts:
        spans.append((at, at + len(part)))
        at += len(part) + 1
    w = Window("\n".join(parts), tuple(spans), heading)
    (reading,) = reader.read(question, [w])
    assert len(reading.answers) == len(parts)
    assert all(0 <= p <= 1 for p in (*reading.answers, reading.answerable))
    if reading.span:
        assert any(s <= reading.span[0] < reading.span[1] <= e for s, e in spans)


@given(st.lists(st.integers(1, 120), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_every_sentence_is_in_some_part(lengths: list[int]) -> None:
    """A long window is cut into parts that fit and leave no sentence out."""
    tokenizer = plain_tokenizer(minilm_folder() / "tokenizer.json")
    sentences = [" ".join(["river"] * n) + "." for n in lengths]
    spans, at = [], 0
    for s in sentences:
        spans.append((at, at + len(s)))
        at += len(s) + 1
    parts = encode(tokenizer, "What is it?", Window(" ".join(sentences), tuple(spans)))
    assert all(len(p.ids) == len(p.types) == len(p.owners) == len(p.spans) <= MAX_TOKENS for p in parts)
    assert {o for p in parts for o in p.owners} - {-1} == set(range(len(sentences)))


def test_altered_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights with one byte changed raise ModelError, which says how to restore them."""
    copy = tmp_path / "weights" / "reader.onnx"
    copy.parent.mkdir()
    shutil.copy(WEIGHTS, copy)
    data = bytearray(copy.read_bytes())
    data[len(data) // 2] ^= 1
    copy.write_bytes(data)
    monkeypatch.setattr("qa.models.encoder.SHIPPED", tmp_path)
    with pytest.raises(ModelError, match=r"altered.*install it again"):
        Reader.load()


def test_missing_weights_are_named(tmp_path: Path) -> None:
    """A path without weights raises ModelError with the path."""
    with pytest.raises(ModelError, match=r"nothing\.onnx"):
        Reader.load(tmp_path / "nothing.onnx")


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    """A file of one's own that onnxruntime cannot run raises ModelError."""
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelError, match=r"mine\.onnx"):
        Reader.load(path)


@pytest.mark.parametrize(("word", "known"), [("Australia", True), ("bridge", True), ("Autsralia", False)])
def test_the_reader_knows_how_common_words_are_spelled(reader: Reader, word: str, known: bool) -> None:
    """What is in its vocabulary is no slip of the pen, whatever the case."""
    assert reader.knows(word) is reader.knows(word.upper()) is known


def test_the_larger_reader_behind_tells_answers_from_other_texts_and_other_questions() -> None:
    """Its weights are made whole when it opens; each reading is the same alone and among others."""
    last = Cascade.load().last
    asked = "Who designed the arches of the bridge?"
    good, other = last.read(asked, [BRIDGE, TALKS])
    (bad,) = last.read("Who demolished the arches of the bridge?", [BRIDGE])
    a, b = BRIDGE.sentences[good.answers.index(max(good.answers))]
    assert "Voss" in BRIDGE.text[a:b]
    assert max(good.answers) > max(*other.answers, *bad.answers)
    assert last.read(asked, [TALKS, BRIDGE]) == [other, good]


def test_a_last_reader_that_is_no_model_is_told_when_it_is_needed(tmp_path: Path) -> None:
    """Its weights take a second to unfold, so that nothing is loaded before."""
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"no model")
    readers = Cascade.load(path)
    with pytest.raises(ModelError, match="cannot be run"):
        _ = readers.last
