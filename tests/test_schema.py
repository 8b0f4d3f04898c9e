"""The nouns: a wrong one cannot be made, and an answer prints and serialises as promised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import qa
from conftest import make_hit
from qa import Answer, Assistant, Filters, QAError, Source
from qa.schema import (
    Abstention,
    Citation,
    Group,
    Pair,
    Passage,
    QuestionError,
    Reason,
    Relation,
    Sentence,
    Verdict,
    reference,
)

SCHEMA = json.loads((Path(qa.__file__).parent / "answer.schema.json").read_text())


def sentence(text: str, start: int, end: int, **source: str) -> Sentence:
    hit = make_hit("Alpha one. Beta two. Gamma three.", **source)
    return Sentence(text, (Citation.cut(hit, start, end),), Verdict.SUPPORTED, 1.0)


def test_every_exported_name_exists() -> None:
    """The front door opens for each name that it lists."""
    assert all(getattr(qa, name) is not None for name in qa.__all__)


def test_a_passage_whose_span_does_not_fit_its_text_cannot_be_made() -> None:
    """The message holds both sizes."""
    with pytest.raises(ValueError, match=r"holds 3 characters, not 7"):
        Passage("a", 0, 7, "abc")


def test_a_sentence_without_a_citation_cannot_be_made() -> None:
    """Promise 2."""
    with pytest.raises(ValueError, match="needs a citation"):
        Sentence("Something.", ())


def test_an_answer_is_sentences_or_an_abstention() -> None:
    """Never both, never neither."""
    with pytest.raises(ValueError, match="not both"):
        Answer("?")
    with pytest.raises(ValueError, match="not both"):
        Answer("?", (sentence("Alpha one.", 0, 10),), Abstention(Reason.NOT_ANSWERED))


def test_a_group_cannot_name_a_sentence_that_is_not_there() -> None:
    """Groups point into the answer's sentences."""
    one = sentence("Alpha one.", 0, 10)
    with pytest.raises(ValueError, match="sentence 1 of 1"):
        Answer("?", (one,), groups=(Group(one.citations[0].source, (1,)),))


def test_references_are_numbered_in_order_of_first_mention() -> None:
    """The reader sees [1] [2] [1], whatever the order in the document."""
    gamma, alpha = sentence("Gamma three.", 21, 33), sentence("Alpha one.", 0, 10)
    answer = Answer("?", (gamma, alpha, gamma))
    assert [c.quote for c in answer.references] == ["Gamma three.", "Alpha one."]
    assert [answer.markers(s) for s in answer.sentences] == [(1,), (2,), (1,)]
    assert str(answer).splitlines()[0] == "Gamma three. [1]"


def test_printing_an_answer_lists_who_is_cited() -> None:
    """Prose first, then references with outlet, title and date."""
    shown = str(Answer("?", (sentence("Alpha one.", 0, 10),)))
    assert "[1] The Paper, “A title”, 2020-05-01" in shown


@given(st.text(min_size=1).filter(str.strip), st.data())
def test_a_citation_quotes_exactly_the_words_at_its_span(text: str, data: st.DataObject) -> None:
    """Promise 1, for any text and any place in a document."""
    offset = data.draw(st.integers(0, 10_000))
    hit = make_hit(text, start=offset)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    if not text[start:end].strip():
        with pytest.raises(ValueError, match="needs words"):
            Citation.cut(hit, start + offset, end + offset)
        return
    citation = Citation.cut(hit, start + offset, end + offset)
    assert citation.quote == text[citation.start - offset : citation.end - offset]
    assert citation.before + citation.quote + citation.after == text


@pytest.mark.parametrize(
    ("published", "since", "until", "passes"),
    [
        ("2017", "2017-11", "", True),
        ("2017-10", "2017-11", "", False),
        ("2023-12-05", "2023", "2023", True),
        ("2023-12-05", "", "2023-12-04", False),
        ("2023", "2024", "", False),
        ("", "2017", "", False),
        ("", "", "", True),
    ],
)
def test_date_filters_understand_partial_dates(published: str, since: str, until: str, passes: bool) -> None:
    """A date wall includes the whole year or month it names; an undated source does not pass one."""
    assert Filters(since=since, until=until).passes(Source("a", "A", published=published)) is passes


def test_a_date_filter_in_another_form_is_refused() -> None:
    """The message shows the forms that are understood."""
    with pytest.raises(QuestionError, match="2017-11-30"):
        Filters(since="last year")


def test_every_error_is_a_qa_error() -> None:
    """One `except QAError` is enough for a caller."""
    from qa import errors as tree

    errors = [e for e in vars(tree).values() if isinstance(e, type) and issubclass(e, Exception)]
    assert len(errors) > 8
    assert all(issubclass(error, QAError) for error in errors)
    drawn = tree.__doc__ or ""
    assert all(error.__name__ in drawn for error in errors), "the tree at the top is complete"


@pytest.mark.parametrize("question", ["How much will the harbour bridge cost?", "Who won the chess olympiad?"])
def test_the_dictionary_of_an_answer_fits_its_json_schema(town: Assistant, question: str) -> None:
    """Answered or not, every surface prints what the schema says."""
    data = json.loads(json.dumps(town.ask(question).to_dict()))
    jsonschema.validate(data, SCHEMA)
    assert data["schema_version"] == SCHEMA["properties"]["schema_version"]["const"]


@pytest.mark.parametrize("relation", get_args(Relation))
def test_a_pair_stands_in_the_dictionary_with_both_sides(relation: Relation) -> None:
    """Whether the two agree, differ, or follow in time."""
    one, other = sentence("Alpha one.", 0, 10), sentence("Beta two.", 11, 20, id="b")
    pair = Pair(one.citations[0], other.citations[0], relation, "the figure", 0.5)
    data = json.loads(json.dumps(Answer("?", (one, other), pairs=(pair,)).to_dict()))
    jsonschema.validate(data, SCHEMA)
    (told,) = data["pairs"]
    assert (told["relation"], told["left"]["source"], told["right"]["source"]) == (relation, "a", "b")
    assert (told["left"]["quote"], told["right"]["quote"]) == ("Alpha one.", "Beta two.")


def test_a_reference_marks_what_was_read_off_the_text() -> None:
    """An outlet or date that nobody declared is never listed as if somebody had."""
    source = Source("s", "Ships", publisher="The Gazette", published="2023", inferred=("publisher", "published"))
    assert reference(Citation(source, "s:0-3", 0, 3, "Yes")) == "The Gazette (inferred), “Ships”, 2023 (inferred)"


@pytest.mark.parametrize("value", ["2023-13-99", "2023-02-30", "2023-00", "23", "2023-1", "yesterday"])
def test_a_filter_takes_no_day_that_does_not_exist(value: str) -> None:
    """A wrong date is said, not compared."""
    with pytest.raises(QuestionError, match="write a date as 2017"):
        Filters(since=value)
    assert Filters(since="2024-02-29", until="2025")


def test_a_source_of_many_authors_is_called_by_the_first() -> None:
    """Three are all named; whoever is declared stays so."""
    many = Source("a", "Report", author="Ann Lee, Bo Ek, Cy Dahl, Di Moe")
    assert many.name == "Ann Lee and 3 others"
    assert Source("a", "Report", author="Ann Lee, Bo Ek, Cy Dahl").name == "Ann Lee, Bo Ek, Cy Dahl"
