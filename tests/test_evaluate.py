"""Questions, runs, the judge's own test, drafts, benchmarks, the command and the pytest plugin."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from conftest import ROOT, SHARED, TOWN
from qa import Assistant, load_config
from qa.evaluate import bench, canard, draft, judge, measures, metamorphic
from qa.evaluate import questions as asked
from qa.evaluate.gate import gate
from qa.evaluate.questions import EvalError, GoldEvidence, Nugget, Question, load, locate, parse, split_of, subset
from qa.evaluate.run import STAGES, evaluate
from qa.mutate import MUTATION_KINDS
from qa.read import WordReader
from qa.support import Support

QUESTIONS = ROOT / "eval" / "questions.jsonl"


def line(**changes: Any) -> dict[str, Any]:
    id_ = changes.get("id", "number-001")
    base = {
        "id": id_,
        "question": "How many members has the cooperative?",
        "kind": "number",
        "split": split_of(id_),
        "answerable": True,
        "evidence": [{"source": "gazette", "quote": "The cooperative has 310 members"}],
        "nuggets": [{"text": "310", "any": ["310"]}],
        "must_cite": ["gazette"],
        "attribution": None,
    }
    return base | changes


# the project's own questions ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project() -> tuple[Question, ...]:
    return load(QUESTIONS)


def test_the_questions_are_enough_of_each_sort(project: tuple[Question, ...]) -> None:
    """At least 200; 50 near misses; 20 false premises; every kind; 30 for every source."""
    kinds = [q.kind for q in project]
    assert len(project) >= 200
    assert kinds.count("unanswerable") >= 50
    assert kinds.count("false-premise") >= 20
    assert len(set(kinds)) == 14
    for source in {e.source for q in project for e in q.evidence}:
        assert sum(source in q.sources for q in project) >= 30


def test_every_quotation_stands_once_in_its_document(project: tuple[Question, ...], briefs: Assistant) -> None:
    """And every source that has to be cited exists."""
    documents = {source.id: briefs.document(source.id) for source in briefs.sources}
    for question in project:
        for source, spans in locate(question, documents).items():
            assert all(0 <= a < b <= len(documents[source].text) for a, b in spans)
        assert set(question.must_cite) | set(question.must_not_cite) <= set(documents)


def test_every_nugget_is_in_the_evidence(project: tuple[Question, ...]) -> None:
    """What a good answer holds can be taken from what is quoted."""
    for question in project:
        evidence = asked.fold(" ".join(e.quote for e in question.evidence))
        for nugget in question.nuggets:
            assert nugget.held_by(evidence), (question.id, nugget)


def test_the_smoke_subset_has_every_kind_and_both_splits(project: tuple[Question, ...]) -> None:
    """A few of each, the same each time."""
    smoke = subset(project, "smoke")
    assert {q.kind for q in smoke} == {q.kind for q in project}
    assert {q.split for q in smoke} == {"dev", "test"}
    assert smoke == subset(project, "smoke")
    assert {q.kind for q in subset(project, "why")} == {"why"}
    with pytest.raises(EvalError, match="there are: smoke, dev, test"):
        subset(project, "smok")


# reading --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{not json", "line 2"),
        (json.dumps(line(id="number-002", kind="riddle")), "line 2: kind: 'riddle' is not one of"),
        (json.dumps(line(id="number-002", extra=1)), "line 2: Additional properties"),
        (json.dumps(line(id="number-002", evidence=[])), "line 2: evidence"),
        (json.dumps(line(id="number-002", nuggets=[{"text": "x", "any": ["Upper"]}])), "line 2: nuggets.0.any.0"),
        (json.dumps(line()), "line 2: there is already a question 'number-001'"),
        (json.dumps(line(id="number-002", kind="follow-up")), "line 2: 'history' is a required"),
    ],
)
def test_a_bad_line_is_refused_by_number(tmp_path: Path, bad: str, message: str) -> None:
    """What is wrong, and where."""
    path = tmp_path / "q.jsonl"
    path.write_text(f"{json.dumps(line())}\n{bad}\n")
    with pytest.raises(EvalError, match=message):
        load(path)


def test_the_split_is_a_rule(tmp_path: Path) -> None:
    """Nobody chooses which half a question is in."""
    wrong = "test" if split_of("number-001") == "dev" else "dev"
    with pytest.raises(EvalError, match="the rule makes it"):
        parse(line(split=wrong))


def test_no_questions_is_an_error_with_its_remedy(tmp_path: Path) -> None:
    """Missing or empty."""
    with pytest.raises(EvalError, match="qa eval new"):
        load(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(EvalError, match="holds no question"):
        load(tmp_path / "empty.jsonl")


def test_a_question_goes_round(project: tuple[Question, ...]) -> None:
    """To a line and back, for every one of the project's."""
    assert tuple(parse(q.to_dict()) for q in project) == project


def test_a_quotation_is_found_over_line_breaks_and_only_once(town: Assistant) -> None:
    """A quotation that is gone, or ambiguous, is an error, not a miss."""
    documents = {s.id: town.document(s.id) for s in town.sources}

    def where(quote: str, source: str = "gazette") -> dict[str, list[tuple[int, int]]]:
        question = Question("q", "?", "fact", "dev", True, (GoldEvidence(source, quote),), (Nugget("x", ("x",)),))
        return locate(question, documents)

    (start, end), = where('called the plan "a gift to the ferry company"')["gazette"]  # fmt: skip
    assert documents["gazette"].text[start:end].split() == 'called the plan "a gift to the ferry company"'.split()
    with pytest.raises(EvalError, match="is not in gazette"):
        where("called the plan a bargain")
    with pytest.raises(EvalError, match=r"stands \d times"):
        where("the")
    with pytest.raises(EvalError, match="no source 'tribune'"):
        where("x", "tribune")


# runs -----------------------------------------------------------------------------------------------

ASKED = (
    parse(line()),
    parse(line(id="date-1", question="When was the harbour bridge approved?", kind="date",
               evidence=[{"source": "gazette", "quote": "The council approved the harbour bridge"}],
               nuggets=[{"text": "3 March", "any": ["3 march 2021"]}])),
    parse(line(id="out-of-scope-1", question="Who won the chess olympiad?", kind="out-of-scope", answerable=False,
               evidence=[], nuggets=[], must_cite=[])),
)  # fmt: skip


def test_a_run_is_the_same_again(town: Assistant) -> None:
    """Deterministic: same answers, same pairs."""
    first, second = evaluate(town, ASKED), evaluate(town, ASKED)
    assert [r.pairs for r in first.records] == [r.pairs for r in second.records]
    assert gate(second, first).changed == ()


def test_a_run_says_what_it_was_run_on(town: Assistant) -> None:
    """Corpus, models, settings, time and memory; every stage's ranking and time."""
    run = evaluate(town, ASKED)
    assert run.environment["corpus"] == town.index.manifest.corpus
    assert run.environment["peak_memory_mb"] > 50
    assert set(run.stage_scores()) == set(STAGES)
    assert {"search", "read", "total"} <= set(run.latencies())
    assert run.latencies()["total"]["p95"] >= run.latencies()["total"]["p50"] > 0


def test_the_same_questions_run_on_other_texts_of_the_same_sources(tmp_path: Path) -> None:
    """Evidence is looked up by nugget where the words differ; what is not there is told."""
    (tmp_path / "gazette.txt").write_text("Some 310 fishers belong to the cooperative, which met in spring.\n")
    config = load_config(corpus_dir=tmp_path, index_dir=tmp_path / "index")
    with Assistant.build(config=config) as other:
        run = evaluate(other, ASKED, by_nugget=True)
        assert run.unlocated == ("date-1",)
        assert run.records[0].value("R@10") == 1.0
        with pytest.raises(EvalError, match="is not in gazette"):
            evaluate(other, ASKED)


# the judge ------------------------------------------------------------------------------------------


def test_the_judge_is_shown_every_kind_of_error(town: Assistant) -> None:
    """And true claims beside, some in other words."""
    report = judge.examine(town, sentences=30)
    assert len(set(report.rates(true=False)) & set(MUTATION_KINDS)) >= 8
    assert {"verbatim", "typography"} <= set(report.rates(true=True))
    assert report.rates(true=True)["verbatim"][0] == 0


def test_a_judge_that_believes_everything_fails(town: Assistant) -> None:
    """As does one that believes nothing."""

    class Says:
        def __init__(self, verdict: str) -> None:
            self.verdict = verdict

        def __getattr__(self, name: str) -> Any:
            return getattr(town, name)

        def judge(self, claim: str, evidence: list[str]) -> Any:
            return type("Judgement", (), {"verdict": self.verdict})()

    from qa.schema import Verdict

    believes: Any = Says(Verdict.SUPPORTED)
    doubts: Any = Says(Verdict.PARTLY)
    assert "catches 0% of broken claims" in judge.examine(believes, sentences=10).failures[0]
    assert "rejects 100% of true claims" in judge.examine(doubts, sentences=10).failures[-1]


@pytest.mark.parametrize(
    ("kind", "said", "reworded"),
    [
        ("date order", "They met on 31 October 2017.", "They met on October 31, 2017."),
        ("number format", "It killed 1,400 in four days.", "It killed 1400 in 4 days."),
        ("contraction", "He did not go.", "He didn't go."),
        ("typography", 'It\'s "new".', "It’s “new”."),
        ("first part", "The council met in the spring; nobody else came.", "The council met in the spring."),
        ("first part", "Neither he nor she came to it, and they left.", ""),
    ],
)
def test_a_true_claim_stays_true_in_other_words(kind: str, said: str, reworded: str) -> None:
    """Rules that change the words and not what is said."""
    assert judge.REWORDINGS[kind](said) == reworded


# metamorphic ----------------------------------------------------------------------------------------


def test_what_must_not_matter_does_not_and_what_must_does(town_corpus: Path) -> None:
    """All six changes, with five documents instead of five hundred."""
    checks = metamorphic.flips(ASKED, town_corpus, unrelated=5)
    assert [c.change for c in checks] == [
        "documents in another order", "documents under other names", "5 unrelated documents added",
        "passages cut elsewhere", "question put otherwise", "evidence removed",
    ]  # fmt: skip
    assert checks[0].passed
    assert checks[1].passed
    assert all(c.of for c in checks)


@pytest.mark.parametrize(
    ("question", "paraphrase"),
    [
        ("How many members has it?", "What number of members has it?"),
        ("Who said that?", "Who was it that said that?"),
        ("Is it so?", "Is it so?"),
        ("What did he say?", "I would like to know: what did he say?"),
    ],
)
def test_a_paraphrase_asks_the_same(question: str, paraphrase: str) -> None:
    """By rule, or not at all."""
    assert metamorphic.paraphrase(question) == paraphrase


# drafts ---------------------------------------------------------------------------------------------


def test_drafts_are_questions_that_load_and_are_located(town: Assistant, tmp_path: Path) -> None:
    """They run as they are; kinds beyond one; near misses that the corpus does not answer."""
    drafted = draft.draft(town)
    path = tmp_path / "drafts.jsonl"
    draft.write(drafted, path)
    loaded = load(path)
    assert loaded == tuple(drafted)
    assert {"who-said", "number", "unanswerable"} <= {q.kind for q in loaded}
    documents = {s.id: town.document(s.id) for s in town.sources}
    assert all(locate(q, documents) for q in loaded if q.answerable)
    with pytest.raises(EvalError, match="is there already"):
        draft.write(drafted, path)


def test_an_accepted_answer_becomes_a_case(town: Assistant, tmp_path: Path) -> None:
    """What it cites is the evidence; asked again it is not added twice."""
    path = tmp_path / "q.jsonl"
    answer = town.ask("How many votes did the council approve the harbour bridge by?")
    kept = draft.case(answer.question, answer)
    assert draft.append([kept], path) == 1
    assert draft.append([kept], path) == 0
    (loaded,) = load(path)
    assert evaluate(town, [loaded]).records[0].value("nugget recall") == 1.0


def test_an_abstention_is_kept_only_as_unanswerable(town: Assistant) -> None:
    """Nothing to accept otherwise."""
    answer = town.ask("Who won the chess olympiad in Budapest?")
    with pytest.raises(EvalError, match="--unanswerable"):
        draft.case(answer.question, answer)
    assert not draft.case(answer.question, answer, answerable=False).answerable


def test_feedback_from_the_page_becomes_cases(town: Assistant, tmp_path: Path) -> None:
    """A thumbs-up keeps the answer; a thumbs-down leaves a case to finish, which fails until it is."""
    path = tmp_path / "feedback.jsonl"
    said = "How many votes did the council approve the harbour bridge by?"
    path.write_text(
        json.dumps({"question": said, "searched": said, "verdict": "up", "reason": ""})
        + "\n"
        + json.dumps({"question": "Who is Olga Stern?", "verdict": "down", "reason": "missing"})
        + "\n"
    )
    good, bad = draft.from_feedback(path, town)
    assert good.nuggets
    assert "missing" in bad.nuggets[0].text
    assert evaluate(town, [bad]).records[0].value("nugget recall") == 0.0
    path.write_text("nonsense")
    with pytest.raises(EvalError, match="not feedback"):
        draft.from_feedback(path, town)


# benchmarks -----------------------------------------------------------------------------------------


class PlainModels(bench.BenchModels):
    """The models without weights: shared words instead of the reader. A real reader, only a weak one."""

    reader = WordReader()  # type: ignore[assignment]
    support = Support()  # type: ignore[assignment]


def test_sentence_selection_by_hand(tmp_path: Path) -> None:
    """One question, the right sentence second of three for shared words: MAP 1/2."""
    rows = [
        {"query": "which town has a red bridge", "passage": "the town of red hill has a red bridge club", "label": 0},
        {"query": "which town has a red bridge", "passage": "a red bridge stands there", "label": 1},
        {"query": "which town has a red bridge", "passage": "nothing of the kind", "label": 0},
        {"query": "never right", "passage": "is dropped", "label": 0},
    ]
    path = tmp_path / "wikiqa_test.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    result = bench.bench("wikiqa", tmp_path, models=PlainModels())
    values = dict(result.rows)["shared words"]
    assert values == {"MAP": 0.5, "MRR": 0.5, "n": 1}
    assert "passage" not in json.dumps(result.to_dict()["rows"])


def test_quotations_of_several_sources_by_hand() -> None:
    """Two sources say who built the bridge: compared, both are quoted with their answers; one word is in neither."""
    row = {f"{kind}{i}": "" for kind in ("title", "source", "short_ans_") for i in range(1, 9)}
    row |= {
        "qid": "bridge",
        "question": "Who built the red bridge?",
        "title1": "Guide",
        "source1": "The monks of Lindau built the red bridge. It is long.",
        "short_ans_1": "the monks",
        "title2": "Register",
        "source2": "It rained. A guild of masons built the red bridge.",
        "short_ans_2": "masons",
    }
    ours = [row, {**row, "summary": "what another person wrote of it"}]
    rows = dict(bench.BENCHMARKS["quotesum"].measure(ours, PlainModels(), lambda *_: None))
    assert rows["quoted, sources compared"]["short answers quoted"] == 1.0
    assert rows["quoted, sources compared"]["n"] == 1, "the rows of several people are one question"
    assert rows["best sentence of each source, by shared words"]["short answers quoted"] == 1.0
    nobody = dict(bench.BENCHMARKS["quotesum"].measure([{**row, "short_ans_2": "Ada"}], PlainModels(), lambda *_: None))
    assert nobody["quoted, sources compared"]["short answers quoted"] == 0.5


class Doubter:
    """A support model that finds two sentences contradictory that are the same but for one word."""

    def judge(self, read: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        apart = [len(set(a.split()) ^ set(b.split())) for a, b in read]
        return np.array([[0.05, 0.05, 0.9] if n == 2 else [0.05, 0.9, 0.05] for n in apart])


class DoubtingModels(PlainModels):
    support = Support(Doubter())  # type: ignore[arg-type]


def test_conflicts_by_hand() -> None:
    """A false count against the true one it was made from is a conflict; two bridges of one name only differ."""

    def document(text: str, type_: str, answer: str) -> dict[str, str]:
        return {"text": text, "type": type_, "answer": answer}

    true = document("The mill bridge has nine arches . It is of red stone .", "correct", "nine")
    false = document("The mill bridge has seven arches . It is of red stone .", "misinfo", "seven")
    namesake = document("In Oberdorf a mill bridge, all of wood, stands on three arches.", "correct", "three")
    noise = document("The mill grinds rye and barley on weekdays.", "noise", "unknown")
    silent = document("Nobody ever counted them.", "correct", "eleven")
    held = {"question": "How many arches has the mill bridge?", "documents": [true, false, namesake, noise, silent]}
    seen = {"question": "How many bells has the tower?", "documents": [true, false]}

    _, pairs = bench.answering(held["question"], held["documents"])
    assert len(pairs) == 6, "the document that does not hold its answer is left out"
    assert [(p.differ, p.conflict) for p in pairs.values()].count((True, True)) == 1
    assert pairs[frozenset("02")] == bench._Labelled(agree=False, differ=True, figure=False, conflict=False)
    assert not any(pair.differ for key, pair in pairs.items() if "3" in key)

    ((name, values),) = bench.BENCHMARKS["ramdocs"].measure([held, seen], DoubtingModels(), lambda *_: None)
    assert name == "differ: with the support model"
    assert values["n"] == 6, "the question of the half on which thresholds were set is not counted"
    assert values["precision (lenient)"] == values["recall (strict)"] == 1.0


class Believer:
    """A support model that finds every sentence borne out by every other, so that only the rules decide."""

    def judge(self, read: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        return np.array([[0.8, 0.1, 0.1]] * len(read))


class BelievingModels(PlainModels):
    support = Support(Believer())  # type: ignore[arg-type]


def test_agreements_by_hand() -> None:
    """Two documents of four give one count, and are found; those that give another, or none, agree with nobody."""

    def document(text: str, type_: str, answer: str) -> dict[str, str]:
        return {"text": text, "type": type_, "answer": answer}

    documents = [
        document("The mill bridge has nine arches . It is of red stone .", "correct", "nine"),
        document("Nine arches carry the bridge by the mill , says the guide .", "correct", "nine"),
        document("In Oberdorf a mill bridge, all of wood, stands on three arches.", "correct", "three"),
        document("The mill grinds rye and barley on weekdays.", "noise", "unknown"),
    ]
    held = {"question": "How many arches has the mill bridge?", "documents": documents}
    rows = dict(bench.BENCHMARKS["ramdocs"].measure([held], BelievingModels(), lambda *_: None))
    found = rows["agree: with the support model"]
    assert (found["shown"], found["precision (strict)"], found["recall (strict)"]) == (1, 1.0, 1.0)


def test_rewrites_by_hand() -> None:
    """The rewrite that says who "she" is finds her answer; ROUGE-1 counts words as often as they occur."""
    assert canard.rouge1("the mill the mill", "the old mill") == pytest.approx((0.5, 2 / 3, 4 / 7))

    def row(id_: str, history: list[str], question: str, rewrite: str) -> dict[str, Any]:
        number = len(history) // 2
        return {
            "QuAC_dialog_id": id_,
            "Question_no": number,
            "History": history,
            "Question": question,
            "Rewrite": rewrite,
        }

    start = ["Clara Weber", "Early life", "Where was Clara Weber born?", "Clara Weber was born in Lindau."]
    more = ["When did she leave?", "Clara Weber left for Bregenz at nineteen."]
    rows = [
        row("harbour", start[:2], start[2], start[2]),
        row("harbour", start, more[0], "When did Clara Weber leave?"),
        row("harbour", start + more, "Why?", "Why did Clara Weber leave?"),
        row("seen-2", ["The mill", "History", "Who built it?", "The monks built it."], "When?", "When was it built?"),
    ]
    assert canard.held_out("harbour", 5)
    assert not canard.held_out("seen-2", 5)
    values = dict(bench.BENCHMARKS["canard"].measure(rows, PlainModels(), lambda *_: None))
    assert values["gold rewrite"]["ROUGE-1 F"] == values["gold rewrite"]["overlap@10"] == 1.0
    assert values["rules"]["n"] == 3
    assert values["question alone"]["ROUGE-1 R"] < values["rules"]["ROUGE-1 R"]
    assert values["all history"]["ROUGE-1 P"] < values["rules"]["ROUGE-1 P"]


class Coin:
    """Stands in for the support model of other code: it is as sure of what is true as of what is false."""

    digest = "coin"

    def judge(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        return np.array([(0.9, 0.1, 0.0) if len(claim) % 2 else (0.1, 0.9, 0.0) for _, claim in pairs])


class Knows(Coin):
    """And one that is right."""

    def judge(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        return np.array([(0.9, 0.1, 0.0) if "dry" in claim else (0.1, 0.9, 0.0) for _, claim in pairs])


def test_two_versions_are_compared_item_by_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one kept, the other is paired with: the change has an interval; other items, or none, are refused."""
    words = ["Monday", "Tuesday", "Friday", "Sunday", "Saturday", "May", "June", "July", "August", "March"]
    rows = [
        {"knowledge": f"Of the weather of {when}.", "response": f"It was {how} all {when}.", "begin_label": label}
        for when in words
        for how, label in (("dry", "Fully attributable"), ("windy", "Not attributable"))
    ]
    with gzip.open(tmp_path / "begin_test_wow.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    kept = str(tmp_path / "before.json")

    from qa.cli import app

    def run(model: Coin, *arguments: str) -> Any:
        support = Support(model, {"entailment"})  # type: ignore[arg-type]
        monkeypatch.setattr(bench, "BenchModels", type("Models", (PlainModels,), {"support": support}))
        return CliRunner().invoke(app, ["bench", "begin_wow", "--data", str(tmp_path), *arguments])

    assert run(Coin(), "--json", kept).exit_code == 0
    before = json.loads(Path(kept).read_text())["begin_wow"]["items"]
    assert len(before["AUROC"]) == len(before["balanced accuracy"]) == len(rows)
    models = type("Models", (PlainModels,), {"support": Support(Knows(), {"entailment"})})()  # type: ignore[arg-type]
    changes = bench.bench("begin_wow", tmp_path, models=models).against({"items": before})
    assert [(c.measure, round(c.after, 6)) for c in changes] == [("AUROC", 1.0), ("balanced accuracy", 1.0)]
    assert all(0 < c.low <= c.delta <= c.high for c in changes)
    shown = run(Knows(), "--against", kept)
    assert shown.exit_code == 0
    assert "balanced accuracy" in shown.stdout
    assert run(Knows(), "--against", kept, "--limit", "4").exit_code == 2
    (tmp_path / "before.json").write_text("{}")
    assert run(Knows(), "--against", kept).exit_code == 2


def test_a_benchmark_without_its_data_says_so(tmp_path: Path) -> None:
    """Unknown name, missing file, other file."""
    with pytest.raises(EvalError, match="there are: wikiqa"):
        bench.bench("wikiqua", tmp_path)
    with pytest.raises(EvalError, match="cannot read"):
        bench.bench("wikiqa", tmp_path)
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(EvalError, match="is not the data of wikiqa"):
        bench.bench("wikiqa", tmp_path / "x.jsonl", models=PlainModels())


@pytest.mark.skipif(not (SHARED / "data" / "bench").is_dir(), reason="no benchmark data beside the checkout")
def test_shared_words_reach_the_published_figure() -> None:
    """Our MAP on WikiQA agrees with what word overlap is known to reach (.671), so the definition does."""
    rows = bench._read(SHARED / "data" / "bench" / "wikiqa_test.jsonl.gz", None)
    kept = PlainModels()
    kept.cosines = lambda question, texts: [0.0] * len(texts)  # type: ignore[method-assign]
    values = dict(bench.BENCHMARKS["wikiqa"].measure(rows, kept, lambda *_: None))["shared words"]
    assert values["n"] == 243
    assert values["MAP"] == pytest.approx(0.671, abs=0.03)


# the command and the plugin -------------------------------------------------------------------------


@pytest.fixture
def town_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own: corpus, questions, nothing else; it is the working folder."""
    (tmp_path / "corpus").mkdir()
    for name, text in TOWN.items():
        (tmp_path / "corpus" / f"{name}.md").write_text(text, encoding="utf-8")
    (tmp_path / "eval").mkdir()
    lines = (json.dumps(q.to_dict()) + "\n" for q in ASKED)
    (tmp_path / "eval" / "questions.jsonl").write_text("".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_eval(*arguments: str) -> Any:
    from qa.cli import app

    return CliRunner().invoke(app, ["eval", *arguments])


def test_the_command_passes_writes_reports_and_compares(town_project: Path) -> None:
    """0 when nothing got worse; the four files; a baseline with its commit and digests."""
    first = run_eval("--no-judge", "--update-baseline", "--report", "out")
    assert first.exit_code == 0, first.output
    assert {p.name for p in (town_project / "out").iterdir()} == {
        "report.html", "run.json", "junit.xml", "summary.md",
    }  # fmt: skip
    baseline = json.loads((town_project / "eval" / "baseline.json").read_text())
    assert set(baseline["environment"]) >= {"commit", "corpus", "models", "settings"}
    assert str(town_project) not in json.dumps(baseline)
    again = run_eval("--no-judge")
    assert again.exit_code == 0
    assert "Passed against the baseline" in again.output


def test_the_command_ends_with_1_for_worse_and_2_for_could_not_run(town_project: Path) -> None:
    """CI can tell a regression from a broken set-up."""
    assert run_eval("--no-judge", "--floor", "nugget recall=1.01").exit_code == 1
    assert run_eval("--no-judge", "--floor", "nugget recall=much").exit_code == 2
    assert run_eval("--no-judge", "--against", "nowhere.json").exit_code == 2
    (town_project / "eval" / "questions.jsonl").write_text("{}\n")
    broken = run_eval("--no-judge")
    assert broken.exit_code == 2
    assert "line 1" in broken.output


def test_drafting_from_the_command(town_project: Path) -> None:
    """`qa eval new` leaves a file that `qa eval --questions` runs."""
    made = run_eval("new", "--from", "corpus")
    assert made.exit_code == 0, made.output
    assert run_eval("--no-judge", "--questions", "eval/drafts.jsonl", "--subset", "unanswerable").exit_code in (0, 1)


def test_the_pytest_plugin_fails_as_the_gate_does(town_project: Path) -> None:
    """A test per measure; a worse one fails with the questions, without a traceback, and the others pass."""
    # a baseline in which everything was answered, several times over
    rows = [q.to_dict() | {"id": f"{q.id}-{n}", "split": split_of(f"{q.id}-{n}")} for q in ASKED for n in range(4)]
    hard = [r | {"question": "What about it?", "nuggets": [{"text": "x", "any": ["xyzzy"]}]} for r in rows]
    path = town_project / "eval" / "questions.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows if r["answerable"]))
    assert run_eval("--no-judge", "--update-baseline").exit_code == 0
    path.write_text("".join(json.dumps(r) + "\n" for r in hard if r["answerable"]))
    (town_project / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    command = [sys.executable, "-m", "pytest", "-p", "qa.pytest_plugin", "--qa-eval", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=town_project)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"\d+ failed, \d+ passed", done.stdout)
    assert "nugget recall went from" in done.stdout
    assert "Traceback" not in done.stdout


def test_the_measures_named_in_the_report_exist() -> None:
    """A renamed measure does not vanish from the tables."""
    from qa.evaluate import report

    assert set(report.GROUP_MEASURES) <= set(measures.BY_NAME)
