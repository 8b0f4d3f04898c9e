"""The shipped support model: what it says, that it is the one that was measured, and how it is fed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.models.encoder import plain_tokenizer
from qa.models.entailment import MATCH, MAX_CLAIM, MAX_EVIDENCE, Entailment, encode
from qa.models.files import SHIPPED, minilm_folder
from qa.schema import ModelError

EVIDENCE = (
    "The council approved the harbour bridge on 3 March 2021 by 12 votes to 7. Mayor Inés Duarte said the "
    "bridge would open in 2024. The fishing cooperative objected to the plan."
)
TRUE = (
    "The council approved the harbour bridge on 3 March 2021.",
    "The bridge was approved by 12 votes to 7.",
    "Mayor Inés Duarte said that the bridge would open in 2024.",
    "The fishing cooperative objected to the bridge.",
)
FALSE = (
    "The council rejected the harbour bridge on 3 March 2021.",
    "The bridge was approved by 31 votes to 7.",
    "Mayor Inés Duarte said that the bridge would open in 2031.",
    "The fishing cooperative did not object to the plan.",
    "The mayor was born in a village and studied law.",
)


@pytest.fixture(scope="session")
def model() -> Entailment:
    return Entailment.load()


def test_true_claims_score_above_false_ones(model: Entailment) -> None:
    """Every claim that the evidence bears out is more likely supported than each that it does not."""
    p = model.judge([(EVIDENCE, claim) for claim in (*TRUE, *FALSE)])[:, 0]
    assert p[: len(TRUE)].min() > p[len(TRUE) :].max()


def test_probabilities(model: Entailment) -> None:
    """One row of three probabilities for each pair; no pairs give no rows."""
    p = model.judge([(EVIDENCE, claim) for claim in TRUE])
    assert p.shape == (len(TRUE), 3)
    assert p.dtype == np.float32
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-5)
    assert model.judge([]).shape == (0, 3)


def test_what_contradicts_is_told_from_what_is_not_said(model: Entailment) -> None:
    """A denial is contradicted rather than neutral; what nothing is said of is the other way round."""
    denied, unsaid = model.judge([(EVIDENCE, FALSE[3]), ("The ferry sails at noon.", FALSE[4])])
    assert denied[2] > denied[1]
    assert unsaid[1] > unsaid[2]


def test_a_pair_does_not_depend_on_its_neighbours(model: Entailment) -> None:
    """A pair gets the same bits alone, among others, and in any order."""
    pairs = [(EVIDENCE, claim) for claim in (*TRUE, *FALSE)] + [(EVIDENCE * 4, TRUE[0])]
    together = model.judge(pairs)
    np.testing.assert_array_equal(together[::-1], model.judge(pairs[::-1]))
    np.testing.assert_array_equal(together[2], model.judge([pairs[2]])[0])


def test_the_wrong_word_is_named(model: Entailment) -> None:
    """Of the words of a false claim, the one that was changed is doubted most."""
    claim = FALSE[1]
    words = model.doubts(EVIDENCE, claim)
    assert [claim[a:b] for a, b, _ in words][:3] == ["The", "bridge", "was"]
    start, end, _ = max(words, key=lambda w: w[2])
    assert claim[start:end] == "31"


def test_the_digest_is_that_of_the_shipped_weights(model: Entailment) -> None:
    """Results can name the very weights they were made with."""
    assert model.digest == Entailment.sha256


def test_altered_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bit that changed in the shipped file is an error that says what to do."""
    weights = SHIPPED / "weights" / "support.onnx"
    copy = tmp_path / "weights" / "support.onnx"
    copy.parent.mkdir()
    shutil.copy(weights, copy)
    with copy.open("r+b") as file:
        file.seek(-10, 2)
        file.write(b"x")
    monkeypatch.setattr("qa.models.encoder.SHIPPED", tmp_path)
    with pytest.raises(ModelError, match=r"altered.*install it again"):
        Entailment.load()


def test_missing_weights_are_an_error(tmp_path: Path) -> None:
    """A file that is not there is named, with what to do."""
    with pytest.raises(ModelError, match=r"nothing\.onnx.*install it again"):
        Entailment.load(tmp_path / "nothing.onnx")


# what the model is fed ----------------------------------------------------------------------------------


def test_types_say_how_a_word_occurs_in_the_other_text() -> None:
    """0 not, 1 alone, 2 in a pair, 3 in a triple; the claim's are higher by MATCH; spelling is no matter."""
    tokenizer = plain_tokenizer(minilm_folder() / "tokenizer.json")
    ids, types, start = encode(
        tokenizer, [("Hizbullah fired forty rockets today", "fired 40 rockets at Hezbollah twice")]
    )[0]
    claim = dict(zip((tokenizer.id_to_token(i) for i in ids[start:-1]), types[start:-1], strict=True))
    assert claim["fired"] == claim["40"] == claim["rockets"] == MATCH + 3
    assert claim["at"] == claim["twice"] == MATCH
    assert claim["hezbollah"] == MATCH + 1
    assert types[0] == types[start - 1] == types[-1] == 0


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.integers(1, 40))
def test_any_text_can_be_encoded(evidence: str, claim: str, times: int) -> None:
    """Whatever the texts and their length: as many types as pieces, within bounds, claim behind evidence."""
    tokenizer = plain_tokenizer(minilm_folder() / "tokenizer.json")
    ids, types, start = encode(tokenizer, [(evidence * times, claim * times)])[0]
    assert len(ids) == len(types) <= MAX_EVIDENCE + MAX_CLAIM + 3
    assert all(t < MATCH for t in types[:start])
    assert all(MATCH <= t < 2 * MATCH for t in types[start:-1])
