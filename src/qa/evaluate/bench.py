"""Public benchmarks: the same models on other people's data, with what others reached printed beside.

The data does not come with `qa`; each set is a file you have. Published figures are quoted with where they
differ from ours in what was measured, for a number without its definition compares nothing.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, combinations, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from qa.answer.compare import pairs
from qa.answer.quote import quote
from qa.config import load_config
from qa.evaluate.canard import canard, held_out
from qa.evaluate.gate import Change, change
from qa.evaluate.layers import TOGETHER, Rows, Seen, Values, auc, by_layer, class_shares, layered
from qa.evaluate.measures import Measure, Pair, Pairs, aurc, ratio
from qa.evaluate.own import disagreeing, followups, premises
from qa.evaluate.questions import EvalError, fold
from qa.index.words import Words
from qa.language import FUNCTION_WORDS
from qa.models.embedder import Embedder
from qa.models.entailment import Entailment
from qa.models.reader import Cascade, Reader, Window
from qa.passages import sentences, split
from qa.query import understand
from qa.read import Look, look, weighed
from qa.schema import Citation, Document, Hit, Sentence, Source, Verdict
from qa.support import LAYERS, Support

Progress = Callable[[str, int, int], None]


class BenchModels:
    """The models under test, each loaded when a benchmark first needs it."""

    @cached_property
    def items(self) -> dict[str, list[Pair]]:
        """What each measure made of each item of the benchmark that is running, in order, by all of the product."""
        return {}

    @cached_property
    def reader(self) -> Reader:
        """The shipped readers."""
        return Cascade.load()

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder of the settings."""
        return Embedder.load(load_config().embedding_model)

    @cached_property
    def support(self) -> Support:
        """Rules and support model together, as the assistant uses them."""
        return Support(Entailment.load())

    def answers(self, question: str, texts: Sequence[str]) -> list[float]:
        """For each text, read at once, the probability of its best sentence to answer the question."""
        windows = [Window(text, tuple(sentences(text)) or ((0, len(text)),)) for text in texts]
        return [max(reading.answers, default=0.0) for reading in self.reader.read(question, windows)]

    def look(self, question: str, texts: Sequence[str], titles: Sequence[str] = ()) -> list[Look]:
        """Every sentence of the texts as the product reads it: as if search had found all of their passages."""
        hits = []
        for i, (text, title) in enumerate(zip(texts, titles or [""] * len(texts), strict=True)):
            source = Source(str(i), title)
            hits += [Hit(passage, source, 1.0, share=1.0) for passage in split(Document(source, text))]
        cosines = self.cosines(question, [hit.passage.text for hit in hits])
        return look(self.reader, question, [replace(h, cosine=c) for h, c in zip(hits, cosines, strict=True)])

    def cosines(self, question: str, texts: Sequence[str]) -> list[float]:
        """Cosine of the question with each text."""
        vectors = np.asarray(self.embedder.embed_passages(list(texts)))
        return [float(v) for v in vectors @ np.asarray(self.embedder.embed_query(question)).ravel()]


@dataclass(frozen=True, slots=True)
class Anchor:
    """What somebody else reached."""

    system: str
    values: Values


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A public set: what it asks, what others reached, how far that compares."""

    name: str
    file: str
    what: str
    measure: Callable[[Any, BenchModels, Progress], Rows]
    anchors: tuple[Anchor, ...] = ()
    note: str = ""
    beside: tuple[str, ...] = ()
    """More files in the same folder; `measure` gets all of them."""


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of one benchmark, and what it was measured with."""

    benchmark: Benchmark
    rows: Rows
    environment: Mapping[str, Any] = field(default_factory=dict)
    items: Mapping[str, Sequence[Pair]] = field(default_factory=dict)
    """By measure, what it made of each item; compared by `against`."""

    def to_dict(self, *, items: bool = False) -> dict[str, Any]:
        """For JSON: figures only, no row of the data.

        Args:
            items: with those of each item.
        """
        rounded = [(name, {m: round(v, 4) for m, v in values.items()}) for name, values in self.rows]
        return {
            "benchmark": self.benchmark.name,
            "what": self.benchmark.what,
            "rows": [{"system": name, **values} for name, values in rounded],
            "anchors": [{"system": a.system, **a.values} for a in self.benchmark.anchors],
            "note": self.benchmark.note,
            "environment": dict(self.environment),
        } | ({"items": {name: [list(pair) for pair in pairs] for name, pairs in self.items.items()}} if items else {})

    def against(self, before: Mapping[str, Any]) -> list[Change]:
        """How each measure changed since another run on the same items, with the paired interval of the change.

        Args:
            before: that run, by `to_dict(items=True)`.

        Raises:
            EvalError: its items are others.
        """
        found = []
        for name, now in self.items.items():
            then = [tuple(pair) for pair in before.get("items", {}).get(name, ())]
            ranks = name.startswith("AUROC")
            if [p[not ranks] for p in then] != [p[not ranks] for p in now]:
                raise EvalError(
                    f"{self.benchmark.name} was run on other items; run both with the same data and --limit"
                )
            found.append(change(Measure(name, "", aggregate=_ranked if ranks else ratio), then, now))
        return found


def _ranked(pairs: Pairs) -> float:
    """Area under the ROC curve of pairs (right, score)."""
    return auc([bool(right) for right, _ in pairs], [float(score) for _, score in pairs])


# ranking --------------------------------------------------------------------------------------------


def _average_precision(ranked: Sequence[bool]) -> float:
    hits = [i for i, relevant in enumerate(ranked, start=1) if relevant]
    return sum(n / i for n, i in enumerate(hits, start=1)) / len(hits) if hits else 0.0


def _reciprocal_rank(ranked: Sequence[bool]) -> float:
    return next((1 / i for i, relevant in enumerate(ranked, start=1) if relevant), 0.0)


def _shared_words(question: str, texts: Sequence[str]) -> list[float]:
    """Inverse-frequency weighted word overlap: the floor that any model must clear."""
    bags = [set(re.findall(r"\w+", text.lower())) for text in texts]
    asked = set(re.findall(r"\w+", question.lower()))
    weight = {w: math.log((1 + len(bags)) / (1 + sum(w in b for b in bags))) + 0.1 for w in asked}
    return [sum(weight[w] for w in asked & bag) for bag in bags]


def _rankers(models: BenchModels) -> dict[str, Callable[[str, Sequence[str]], list[float]]]:
    return {"shared words": _shared_words, "dense (cosine)": models.cosines, "reader": models.answers}


def _in_its_article(models: BenchModels) -> Callable[[str, Sequence[str]], list[float]]:
    """Sentences read as `qa` reads them, among those beside them, instead of each alone."""

    def rank(question: str, texts: Sequence[str]) -> list[float]:
        ends = list(accumulate(len(text) + 1 for text in texts))
        candidates = weighed(models.reader, question, models.look(question, ["\n".join(texts)]))
        return [
            max((c.score for c in candidates if c.start < end - 1 and end - 1 - len(text) < c.end), default=0.0)
            for text, end in zip(texts, ends, strict=True)
        ]

    return rank


def _wikiqa(rows: Sequence[Mapping[str, Any]], models: BenchModels, tell: Progress) -> Rows:
    questions: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for row in rows:
        questions[row["query"]].append((row["passage"], bool(row["label"])))
    kept = {question: texts for question, texts in questions.items() if any(right for _, right in texts)}
    found = []
    rankers = _rankers(models) | {"reader, in its article": _in_its_article(models)}
    for n, (name, rank) in enumerate(rankers.items()):
        precision, reciprocal = [], []
        for i, (question, candidates) in enumerate(kept.items(), start=1):
            scores = rank(question, [text for text, _ in candidates])
            order = sorted(range(len(candidates)), key=lambda k: -scores[k])
            ranked = [candidates[k][1] for k in order]
            precision.append(_average_precision(ranked))
            reciprocal.append(_reciprocal_rank(ranked))
            tell("ranking", n * len(kept) + i, len(rankers) * len(kept))
        found.append((name, {"MAP": _mean(precision), "MRR": _mean(reciprocal), "n": len(kept)}))
        models.items |= {"MAP": [(v, 1.0) for v in precision], "MRR": [(v, 1.0) for v in reciprocal]}
    return found


def _trec_dl19(data: Mapping[str, Any], models: BenchModels, tell: Progress) -> Rows:
    import ir_measures

    passages, first = data["passages"], data["runs"]["BM25"]
    queries = {q: text for q, text in data["queries"].items() if q in data["qrels"]}
    ndcg = ir_measures.nDCG @ 10
    runs: dict[str, dict[str, dict[str, float]]] = {
        "BM25": {q: {p: -float(i) for i, p in enumerate(first[q])} for q in queries}
    }
    dense, reader = "BM25's 100, by dense (cosine)", "BM25's 100, by reader"
    weighed = "BM25's 100, by reader, BM25 and dense, weighed"
    runs |= {dense: {}, reader: {}, weighed: {}}
    for i, (q, text) in enumerate(queries.items(), start=1):
        ids = [p for p in first[q][:100] if p in passages]
        texts = [passages[p] for p in ids]
        scores, cosines = models.answers(text, texts), models.cosines(text, texts)
        lexical = Words.build(texts).scores(text)
        shares = lexical / max(float(lexical.max()), 1e-9)
        as_ours = [
            models.reader.fusion.answers(s, float(share), c)
            for s, share, c in zip(scores, shares, cosines, strict=True)
        ]
        for name, found in ((dense, cosines), (reader, scores), (weighed, as_ours)):
            runs[name][q] = dict(zip(ids, found, strict=True))
        tell("reranking", i, len(queries))
    runs["BM25's 100, BM25 + dense + reader (RRF)"] = _fused([runs["BM25"], runs[dense], runs[reader]])
    return [
        (name, {"nDCG@10": float(ir_measures.calc_aggregate([ndcg], data["qrels"], run)[ndcg]), "n": len(queries)})
        for name, run in runs.items()
    ]


def _fused(runs: Sequence[Mapping[str, Mapping[str, float]]], k: int = 60) -> dict[str, dict[str, float]]:
    fused: dict[str, dict[str, float]] = {}
    for q in runs[0]:
        scores: Counter[str] = Counter()
        for run in runs:
            for rank, p in enumerate(sorted(run[q], key=lambda p: (-run[q][p], p)), start=1):
                scores[p] += 1 / (k + rank)  # type: ignore[assignment]  # a Counter of shares
        fused[q] = dict(scores)
    return fused


# answers and abstention -----------------------------------------------------------------------------


def _squad2(rows: Sequence[Mapping[str, Any]], models: BenchModels, tell: Progress) -> Rows:
    first: defaultdict[str, list[bool]] = defaultdict(list)
    sure: defaultdict[str, list[float]] = defaultdict(list)
    for i, row in enumerate(rows, start=1):
        question, context = row["question"], row["context"]
        seen = models.look(question, [context], [row["title"].replace("_", " ")])
        texts = [context[s.start : s.end] for s in seen]
        ranked = {name: rank(question, texts) for name, rank in _rankers(models).items() if name != "reader"}
        ranked["reader"] = [s.score for s in seen]
        for name, scores in ranked.items():
            top = max(range(len(texts)), key=lambda k, scores=scores: scores[k])  # type: ignore[misc]
            first[name].append(any(fold(answer) in fold(texts[top]) for answer in row["answers"]))
            sure[name].append(scores[top])
        first["reader, weighed"].append(first["reader"][-1])
        sure["reader, weighed"].append(weighed(models.reader, question, seen)[0].score)
        tell("reading", i, len(rows))
    has = [bool(row["answerable"]) for row in rows]
    found = []
    for name in first:
        pairs = [(not (a and r), s) for a, r, s in zip(has, first[name], sure[name], strict=True)]
        measures = {
            "Success@1 (answerable)": _mean([r for r, a in zip(first[name], has, strict=True) if a]),
            "AUROC answerable": auc(has, sure[name]),
            "AURC": aurc(np.array(pairs, float)),
            "n": len(rows),
        }
        found.append((name, measures))
        models.items["Success@1 (answerable)"] = [
            (float(a and r), float(a)) for a, r in zip(has, first[name], strict=True)
        ]
        models.items["AUROC answerable"] = list(zip(map(float, has), sure[name], strict=True))
    return found


def _rgb(rows: Sequence[Mapping[str, Any]], models: BenchModels, tell: Progress) -> Rows:
    """Are passages with the answer told from passages without it?"""
    scores, has = [], []
    for i, row in enumerate(rows, start=1):
        for texts, holds in ((row["positive"], True), (row["negative"], False)):
            if texts:
                seen = models.look(row["query"], _flat(texts))
                scores.append(weighed(models.reader, row["query"], seen)[0].score)
                has.append(holds)
        tell("reading", i, len(rows))
    models.items["AUROC"] = list(zip(map(float, has), scores, strict=True))
    bar = models.reader.threshold
    rejected = [s < bar for s, a in zip(scores, has, strict=True) if not a]
    answered = [s >= bar for s, a in zip(scores, has, strict=True) if a]
    return [
        (
            "reader",
            {"rejection": _mean(rejected), "answered": _mean(answered), "AUROC": auc(has, scores), "n": len(rows)},
        )
    ]


def _flat(texts: Iterable[Any]) -> list[str]:
    return [t for item in texts for t in ([item] if isinstance(item, str) else item)]


def _quotesum(rows: Sequence[Mapping[str, Any]], models: BenchModels, tell: Progress) -> Rows:
    """Questions that each of several sources answers in its own way: is the answer of each quoted?"""
    asked = list({row["qid"]: row for row in rows}.values())  # several people answered each
    found: defaultdict[str, list[float]] = defaultdict(list)
    sizes: defaultdict[str, list[int]] = defaultdict(list)
    for n, row in enumerate(asked, start=1):
        there = [i for i in range(1, 9) if row[f"source{i}"]]
        texts, answers = [row[f"source{i}"] for i in there], [row[f"short_ans_{i}"] for i in there]
        seen = models.look(row["question"], texts, [row[f"title{i}"] for i in there])
        candidates = weighed(models.reader, row["question"], seen)
        quoted = {
            "quoted answer": quote(candidates, 5),
            "quoted, sources compared": quote(candidates, 5, "compare"),
        }
        chosen = {name: [(s.citations[0].source.id, s.text) for s in sentences_] for name, sentences_ in quoted.items()}
        for name, rank in _rankers(models).items():
            said = []
            for i, text in enumerate(texts):
                parts = [text[a:b] for a, b in sentences(text)]
                said.append((str(i), parts[int(np.argmax(rank(row["question"], parts)))]))
            chosen[f"best sentence of each source, by {name}"] = said
        for name, pairs_ in chosen.items():
            told = [" ".join(text for id_, text in pairs_ if id_ == str(i)) for i in range(len(texts))]
            found[name] += [float(fold(answer) in fold(text)) for answer, text in zip(answers, told, strict=True)]
            sizes[name].append(len(pairs_))
        tell("reading", n, len(asked))
    models.items["short answers quoted"] = [(v, 1.0) for v in found["quoted, sources compared"]]
    return [
        (name, {"short answers quoted": _mean(found[name]), "sentences": _mean(sizes[name]), "n": len(asked)})
        for name in found
    ]


def _realtimeqa(rows: Sequence[Mapping[str, Any]], models: BenchModels, tell: Progress) -> Rows:
    """Documents for questions about the news, in the pool of the gold articles; every stage of `qa`."""
    from qa.assistant import Assistant

    asked = [row for row in rows if row["gold"]]
    pool = {g["url"]: g["text"] for row in asked for g in row["gold"]}
    names = {url: f"article-{n:04}" for n, url in enumerate(sorted(pool))}
    found = []
    with TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for url, text in pool.items():
            (corpus / f"{names[url]}.txt").write_text(text, encoding="utf-8")
        config = load_config(corpus_dir=corpus, index_dir=Path(folder) / "index")
        with Assistant.build(config=config, progress=tell) as assistant:
            for stage in ("dense", "lexical", "fused", "reader"):
                ranks = []
                for i, row in enumerate(asked, start=1):
                    gold = {names[g["url"]] for g in row["gold"]}
                    hits = assistant.search(row["question_sentence"], top_k=20, stage=stage)
                    order = list(dict.fromkeys(hit.source.id for hit in hits))
                    ranks.append(next((n for n, id_ in enumerate(order, start=1) if id_ in gold), None))
                    tell(f"searching ({stage})", i, len(asked))
                found.append(
                    (
                        {"lexical": "BM25", "reader": "fused + reader"}.get(stage, stage),
                        {
                            **{f"Success@{k}": _mean([r is not None and r <= k for r in ranks]) for k in (1, 5, 10)},
                            "MRR": _mean([1 / r if r else 0.0 for r in ranks]),
                            "n": len(asked),
                        },
                    )
                )
    return found


# support --------------------------------------------------------------------------------------------


def _layers(seen: Sequence[Mapping[str, Seen]], true: Sequence[bool], models: BenchModels) -> Rows:
    """As `by_layer`; what all layers together made of each item is kept."""
    whole = [row[TOGETHER] for row in seen]
    models.items["AUROC"] = [(float(t), one.score) for t, one in zip(true, whole, strict=True)]
    models.items["balanced accuracy"] = class_shares(true, [one.held for one in whole])
    return by_layer(seen, true)


def _judged(
    texts: Sequence[tuple[str, Sequence[str]]], true: Sequence[bool], models: BenchModels, tell: Progress
) -> Rows:
    """Every sentence of a text must be supported: a text is as good as its worst sentence."""
    seen = []
    for i, (text, evidence) in enumerate(texts, start=1):
        claims = [text[a:b] for a, b in sentences(text)] or [text]
        rows = layered(models.support, [(claim, evidence) for claim in claims])
        seen.append(
            {
                layer: Seen(min(r[layer].score for r in rows), all(r[layer].held for r in rows))
                for layer in (*LAYERS, TOGETHER)
            }
        )
        tell("judging", i, len(texts))
    return _layers(seen, true, models)


def _support_set(
    evidence: Callable[[Mapping[str, Any]], Sequence[str]],
    text: Callable[[Mapping[str, Any]], str],
    true: Callable[[Mapping[str, Any]], bool],
    keep: Callable[[Mapping[str, Any]], bool] = lambda row: True,
) -> Callable[[Any, BenchModels, Progress], Rows]:
    def measure(rows: Sequence[Mapping[str, Any]], models: BenchModels, tell: Progress) -> Rows:
        kept = [row for row in rows if keep(row)]
        return _judged([(text(r), evidence(r)) for r in kept], [true(r) for r in kept], models, tell)

    return measure


def _qags(rows: Sequence[Mapping[str, Any]], models: BenchModels, tell: Progress) -> Rows:
    texts, true = [], []
    for row in rows:
        for sentence in row["summary_sentences"]:
            votes = [response["response"] == "yes" for response in sentence["responses"]]
            texts.append((sentence["sentence"], [row["article"]]))
            true.append(sum(votes) * 2 > len(votes))
    return _judged(texts, true, models, tell)


_LFQA = ("supported", "partially", "not_supported")


def _lfqa(data: tuple[Sequence[Mapping[str, Any]], ...], models: BenchModels, tell: Progress) -> Rows:
    """Sentences of model answers against the passages that people held them against, system by system."""
    rows, *found_by = data
    human, webgpt = ({row["question_id"]: [d["text"] for d in row["docs"]] for row in part} for part in found_by)
    asked = [
        (row["system"], note["answer"].removesuffix("</s>"), texts, Counter(note["labels"]).most_common(1)[0])
        for row in rows
        if (texts := (human if row["system"].endswith("whudoc") else webgpt).get(row["question_id"]))
        for note in row["annotations"]
    ]
    asked = [item for item in asked if item[3][1] > 1]  # three people, three opinions: no label
    seen = []
    for i, (_, sentence, texts, _) in enumerate(asked, start=1):
        seen += layered(models.support, [(sentence, texts)])
        tell("judging", i, len(asked))
    labels = [label for *_, (label, _) in asked]
    found = list(_layers(seen, [label == "supported" for label in labels], models))
    for system in sorted({system for system, *_ in asked}):
        own = [i for i, item in enumerate(asked) if item[0] == system]
        _, values = by_layer([seen[i] for i in own], [labels[i] == "supported" for i in own])[-1]
        passed = {
            f"{label.replace('_', ' ')}: passed": _mean([seen[i][TOGETHER].held for i in own if labels[i] == label])
            for label in _LFQA
        }
        found.append((f"{TOGETHER}: {system}", {**values, **passed}))
    return found


def _strings(item: Any) -> Iterator[str]:
    """All strings of a list of lists of any depth."""
    if isinstance(item, str):
        yield item
        return
    for part in item:
        yield from _strings(part)


def _rgb_counterfactual(rows: Sequence[Mapping[str, Any]], models: BenchModels, tell: Progress) -> Rows:
    """A sentence with the right answer, against its own passage and against the same with a wrong answer put in."""
    claims: list[tuple[str, Sequence[str]]] = []
    true: list[bool] = []
    for row in rows:
        wanted = list(_strings(row["answer"]))
        for right, wrong in zip(row["positive"], row["positive_wrong"], strict=False):
            held = [right[a:b] for a, b in sentences(right) if any(fold(w) in fold(right[a:b]) for w in wanted)]
            if held and right != wrong:
                claims += [(held[0], [right]), (held[0], [wrong])]
                true += [True, False]
    seen = []
    for i, claim in enumerate(claims, start=1):
        seen += layered(models.support, [claim])
        tell("judging", i, len(claims))
    return _layers(seen, true, models)


def _three_way(rows: Sequence[Mapping[str, Any]], models: BenchModels, tell: Progress) -> Rows:
    """Supports, refutes, neutral: verdicts supported, contradicted, partly."""
    names = {Verdict.SUPPORTED: "supports", Verdict.CONTRADICTED: "refutes"}
    said, true, seen = [], [], []
    for i, row in enumerate(rows, start=1):
        evidence = [row["evidence"]] if "evidence" in row else [e["text"] for e in row["gold_evidence"]]
        claim = row.get("claim") or row["text"]
        seen += layered(models.support, [(claim, evidence)])
        said.append(names.get(seen[-1][TOGETHER].verdict or Verdict.PARTLY, "neutral"))
        true.append(row["label"].lower())
        tell("judging", i, len(rows))
    values: dict[str, float] = {
        f"recall {label}": _mean([s == label for s, t in zip(said, true, strict=True) if t == label])
        for label in sorted(set(true))
    }
    values["macro recall"] = _mean(list(values.values()))
    found_refuted = [t == "refutes" for s, t in zip(said, true, strict=True) if s == "refutes"]
    values["precision refutes"] = _mean(found_refuted)
    layers = _layers(seen, [label == "supports" for label in true], models)
    return [*layers[:-1], (TOGETHER, {**layers[-1][1], **values})]


# who says what --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Two documents on one question, by the labels of RAMDocs."""

    agree: bool
    """They give one answer."""
    differ: bool
    """They answer otherwise; maybe about two of one name."""
    figure: bool
    """They differ, and in a figure or date."""
    conflict: bool | None
    """One is false, and of what the other is about; None where the labels do not tell."""


def _ramdocs(rows: Sequence[Mapping[str, Any]], models: BenchModels, tell: Progress) -> Rows:
    """Pairs among the sentences that answer, one of each document: where they differ, where they agree."""
    held = [row for row in rows if held_out(row["question"], 2)]
    cases = [(row["question"], *answering(row["question"], row["documents"])) for row in held]
    every = [pair for _, _, labels in cases for pair in labels.values()]
    shown: list[_Labelled] = []
    agreed: list[_Labelled] = []
    for i, (question, said, labels) in enumerate(cases, start=1):
        for pair in pairs(replace(understand(question), kind="compare"), said, models.support.probabilities):
            label = labels[frozenset((pair.left.source.id, pair.right.source.id))]
            (agreed if pair.relation == "agreement" else shown).append(label)
        tell("comparing", i, len(cases))
    strict = [pair.conflict for pair in shown if pair.conflict is not None]
    values = {
        "precision (lenient)": _mean([pair.differ for pair in shown]),
        "recall (lenient)": _ratio(sum(p.differ for p in shown), sum(p.differ for p in every)),
        "recall (figures)": _ratio(sum(p.figure for p in shown), sum(p.figure for p in every)),
        "precision (strict)": _mean(strict),
        "recall (strict)": _ratio(sum(strict), sum(p.conflict or False for p in every)),
    }
    found = [("differ: with the support model", {**values, "shown": len(shown), "n": len(every)})]
    if agreed:  # without the support model none is looked for
        right = sum(pair.agree for pair in agreed)
        values = {
            "precision (strict)": _ratio(right, len(agreed)),
            "recall (strict)": _ratio(right, sum(pair.agree for pair in every)),
        }
        found.append(("agree: with the support model", {**values, "shown": len(agreed), "n": len(every)}))
    return found


def answering(
    question: str, documents: Sequence[Mapping[str, str]]
) -> tuple[list[Sentence], dict[frozenset[str], _Labelled]]:
    """The answering sentence of each document, and the labels of each two."""
    english = [d for d in documents if sum(c.isascii() for c in d["text"]) > 0.8 * len(d["text"])]
    right = [d for d in english if d["type"] == "correct"]
    said: list[tuple[Sentence, Mapping[str, str], str]] = []
    for i, document in enumerate(english):
        sentence = _best_sentence(question, document)
        if not sentence:
            continue
        about = document["answer"]
        if document["type"] == "misinfo":  # made from a right one, which the data does not name: the nearest in words
            about = max(right, key=lambda d: _alike(d["text"], document["text"]))["answer"] if right else ""
        source = Source(str(i), f"Document {i}")
        before, _, after = _untokenized(document["text"]).partition(sentence)
        citation = Citation(source, str(i), 0, len(sentence), sentence, before, after)
        said.append((Sentence(sentence, (citation,)), document, about))
    labels = {}
    for (a, one, about_one), (b, other, about_other) in combinations(said, 2):
        kinds = {one["type"], other["type"]}
        agree = fold(one["answer"]) == fold(other["answer"]) and "noise" not in kinds
        differ = not agree and "noise" not in kinds
        conflict: bool | None = differ and "misinfo" in kinds
        if conflict and (kinds == {"misinfo"} or not (about_one and about_other)):
            conflict = None
        elif conflict:
            conflict = fold(about_one) == fold(about_other)
        figure = differ and any(c.isdigit() for c in one["answer"])
        labels[frozenset(a.source_ids + b.source_ids)] = _Labelled(agree, differ, figure, conflict)
    return [sentence for sentence, _, _ in said], labels


def _best_sentence(question: str, document: Mapping[str, str]) -> str:
    """The sentence with most of the labelled answer, then of the question; "" where none holds the answer."""
    text = _untokenized(document["text"])
    noise = document["type"] == "noise"
    answer, asked = set() if noise else _telling(document["answer"]), _telling(question)
    held = [text[a:b].strip() for a, b in sentences(text)]
    best = max(
        held,
        key=lambda s: 2 * _ratio(len(answer & _words(s)), len(answer)) + _ratio(len(asked & _words(s)), len(asked)),
        default="",
    )
    answers = len(best) < 450 and _ratio(len(answer & _words(best)), len(answer)) >= 0.6
    return best if noise or answers else ""


def _untokenized(text: str) -> str:
    return re.sub(r"\s+([,.;:)])", r"\1", text)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _telling(text: str) -> set[str]:
    return _words(text) - FUNCTION_WORDS or _words(text)  # an answer may be "nine", one of them


def _alike(a: str, b: str) -> float:
    return _ratio(len(_words(a) & _words(b)), len(_words(a) | _words(b)))


# figures ---------------------------------------------------------------------------------------------


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _mean(values: Sequence[float | bool]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _anchors(measure: str, **systems: float) -> tuple[Anchor, ...]:
    return tuple(Anchor(name.replace("_", " "), {measure: value}) for name, value in systems.items())


BENCHMARKS: Mapping[str, Benchmark] = {
    b.name: b
    for b in (
        Benchmark(
            "wikiqa", "wikiqa_test.jsonl.gz", "answer sentence selection: rank the sentences of an article",
            _wikiqa,
            _anchors("MAP", word_overlap=0.671, MiniLM_cosine=0.714, best_before_2020=0.834,
                     TANDA_RoBERTa_large=0.920),
            "Questions with at least one right sentence. TANDA has 355 million parameters and was fine-tuned on "
            "this set's training half, after a far larger one.",
        ),
        Benchmark(
            "trec_dl19", "trec_dl19.json.gz", "passage re-ranking of BM25's 100 for 43 web queries", _trec_dl19,
            _anchors("nDCG@10", BM25=0.506, MiniLM_cosine=0.642, ms_marco_MiniLM_cross_encoder=0.743,
                     RankZephyr_7B=0.737),
            "Graded relevance, gain as in TREC. The cross-encoder and RankZephyr were trained on half a million "
            "queries of this collection; the reader was not.",
        ),
        Benchmark(
            "squad2", "squad2_heldout.jsonl.gz", "which sentence of a paragraph answers, and does any?", _squad2,
            (Anchor("MiniLM-L12 reader, trained on 130k (EM / F1 of whole dev)", {"EM": 0.762, "F1": 0.795}),
             Anchor("BERT-large (EM / F1 of whole dev)", {"EM": 0.788, "F1": 0.818})),
            "Ten articles held out of training, each paragraph read as `qa` reads a passage; sentences, not spans, are "
            "chosen, so EM and F1 do not compare: they are shown for the order of difficulty. AURC: right means "
            "answerable and the right sentence.",
        ),
        Benchmark(
            "rgb", "rgb_en_fact.jsonl.gz", "rejection: passages that do not hold the answer", _rgb, (),
            "Share of the questions rejected when only passages without the answer are given, at the reader's own "
            "threshold. The benchmark's own rejection rates are of chat models told to refuse in words.",
        ),
        Benchmark(
            "quotesum", "quotesum_dev.jsonl.gz", "several sources answer, each in its own way", _quotesum, (),
            "Share of the sources whose short answer stands in what is quoted of them. Each source gives one passage "
            "and one short answer; ten of 280 do not stand in the passage. A quoted answer has five sentences at most, "
            "one that compares two of a source. The paper (Schuster et al. 2024) scores texts that join the quotations "
            "against those of people: it does not compare.",
        ),
        Benchmark(
            "realtimeqa", "realtimeqa_2022.jsonl.gz", "document retrieval for news questions", _realtimeqa,
            (Anchor("BM25, pool of 4,714 articles", {"Success@1": 0.417, "Success@5": 0.684, "Success@10": 0.786,
                                                    "MRR": 0.533}),),
            "Our pool is the gold articles alone, some twenty times smaller and so easier than the anchor's: the "
            "stages compare with each other, not with the anchor.",
        ),
        Benchmark(
            "summedits_news", "summedits_news.jsonl.gz", "one small edit decides whether a summary holds",
            _support_set(lambda r: [r["doc"]], lambda r: r["summary"], lambda r: r["label"] == 1),
            _anchors("balanced accuracy", cosine=0.5, SummaC=0.619, QAFactEval=0.744, GPT_4=0.833, human=0.900)
            + _anchors("AUROC", cosine_=0.547),
            "A summary counts as supported when each of its sentences is; threshold fixed in advance, not tuned "
            "on this set.",
        ),
        *(
            Benchmark(
                f"summedits_{domain}", f"summedits_{domain}.jsonl.gz", "as summedits_news, another domain",
                _support_set(lambda r: [r["doc"]], lambda r: r["summary"], lambda r: r["label"] == 1),
            )
            for domain in ("ectsum", "sales_email", "samsum", "scitldr")
        ),
        Benchmark(
            "qags_cnndm", "qags_cnndm.jsonl.gz", "summary sentences against their article", _qags,
            _anchors("AUROC", MiniLM_max_cosine=0.819, SummaC_ZS=0.81),
            "Majority of the human votes, sentence by sentence.",
        ),
        Benchmark(
            "qags_xsum", "qags_xsum.jsonl.gz", "one-sentence summaries against their article", _qags,
            _anchors("AUROC", MiniLM_max_cosine=0.562, SummaC_ZS=0.78),
            "Majority of the human votes.",
        ),
        Benchmark(
            "begin_wow", "begin_test_wow.jsonl.gz", "dialogue replies against the knowledge they were given",
            _support_set(
                lambda r: [r["knowledge"]], lambda r: r["response"],
                lambda r: r["begin_label"] == "Fully attributable", lambda r: r["begin_label"] != "Generic",
            ),
            _anchors("AUROC", word_overlap=0.94), "A sanity check: word overlap alone solves it.",
        ),
        Benchmark(
            "lfqa", "lfqa_annotations.jsonl.gz", "sentences of model answers against the passages they had", _lfqa, (),
            "Majority of three people; sentences without one are left out. Supported against the rest; `passed` is the "
            "share of the sentences with that label that are called supported. Which passages a system's answers were "
            "held against is assumed from its name.",
            ("lfqa_docs-human.json.gz", "lfqa_docs-webgpt.json.gz"),
        ),
        Benchmark(
            "rgb_counterfactual", "rgb_en_fact.jsonl.gz", "passages with a wrong answer put in", _rgb_counterfactual,
            (), "The true claims stand in their passage word for word, so only what is let pass of the false ones "
            "(the other half) tells anything.",
        ),
        Benchmark(
            "fm2", "fm2_test.jsonl.gz", "claims written to mislead, with the evidence", _three_way, (),
            "Verdicts map to supports and refutes; anything else is neutral and counts as a miss.",
        ),
        Benchmark("healthver", "healthver_test.jsonl.gz", "health claims: supports, refutes, neutral", _three_way),
        Benchmark(
            "ramdocs", "ramdocs_half.jsonl.gz", "pairs of documents that agree or disagree on a question", _ramdocs, (),
            "The half of our 250 questions (by a hash of the question) that set neither rules nor thresholds. n "
            "counts pairs of documents. Each gives its sentence with most of the labelled answer; documents "
            "without one are left out, so finding the sentence is not measured. Lenient: the two answer the "
            "question differently, maybe of two people of one name; figures: those where an answer has a digit. "
            "Strict: one is misinformation and the other has the answer it was made from; which that is, is guessed "
            "by words in common, and two false ones are left out. A disagreement is shown when what stands around the "
            "two sentences is alike; false documents here are copies with another answer put in, so alike by making: "
            "two reporters' accounts of one event are shown less often than these figures say. To agree is to have one "
            "labelled answer, right or false; that a document without a labelled answer agrees counts as wrong. "
            "The paper scores the answers of language models by exact match: nothing of it compares.",
        ),
        Benchmark(
            "followups", "questions.jsonl", "one's own follow-ups, rewritten or not", followups, (),
            "Over the index of the settings; --data eval/questions.jsonl. All history: earlier questions and the "
            "follow-up as one query. New topic: a question that stands alone, asked after another one, must come back "
            "unchanged. R@10 is judged by spans.",
        ),
        Benchmark(
            "premises", "questions.jsonl", "premises named as not borne out, of one's own questions", premises, (),
            "Over the index of the settings; --data eval/questions.jsonl. Named: the answer or abstention says what "
            "the sources do not bear out or do not mention. Of answerable questions none should be; of unanswerable "
            "ones those that name what stands in no source.",
        ),
        Benchmark(
            "disagreeing", "questions.jsonl", "pairs shown on one's own questions", disagreeing, (),
            "Over the index of the settings; --data eval/questions.jsonl. Answers that cite two sources or more.",
        ),
        Benchmark(
            "canard", "canard_dev.jsonl.gz", "rewriting follow-ups to stand alone", canard, (),
            "Four fifths of the dialogues (by a hash of the id); the rules were written with the other fifth in "
            "sight. ROUGE-1 against the one rewrite of a person, averaged over questions. BM25 searches the answers of "
            "all dialogues, each under its title and section, so whoever names the title gains. overlap@10: share of "
            "the gold rewrite's ten first passages; MRR@10: of the question's own answer, where the dialogue goes on "
            "to show it (the last turns do not). Earlier rewrites are the rules' own, earlier answers the real ones. "
            "Published figures are of the test part and of rewriters trained on CANARD; they do not compare.",
        ),
    )
}  # fmt: skip


def bench(
    name: str,
    data: Path,
    *,
    limit: int | None = None,
    models: BenchModels | None = None,
    progress: Progress = lambda what, done, of: None,
) -> Result:
    """Runs one benchmark on the file, or the folder that holds it.

    Args:
        limit: only the first rows, to try it; the result says so.

    Raises:
        EvalError: no such benchmark, or its data is not there.
        ModelError: a model that it needs cannot be loaded.
    """
    if name not in BENCHMARKS:
        raise EvalError(f"no benchmark {name!r}; there are: {', '.join(BENCHMARKS)}")
    benchmark = BENCHMARKS[name]
    path = data / benchmark.file if data.is_dir() else data
    rows = _read(path, limit)
    measured = (rows, *(_read(path.parent / other, None) for other in benchmark.beside)) if benchmark.beside else rows
    from qa.evaluate.run import environment

    models = models or BenchModels()
    models.items.clear()
    try:
        found = benchmark.measure(measured, models, progress)
    except (KeyError, TypeError) as error:
        raise EvalError(f"{path} is not the data of {name}: {error!r}") from error
    ran = environment(None, len(rows), 0.0)
    ran = {k: ran[k] for k in ("commit", "changed", "python", "machine", "peak_memory_mb")}
    return Result(benchmark, found, ran | ({"limit": limit} if limit else {}), dict(models.items))


def read_items(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """What `qa bench --json` kept, of these benchmarks.

    Raises:
        EvalError: it cannot be read, or one of them is not in it.
    """
    kept = _read(path, None)
    if missing := [name for name in names if not (isinstance(kept, dict) and "items" in kept.get(name, {}))]:
        raise EvalError(f"{path} holds no items of {', '.join(missing)}; write it with qa bench NAME… --json FILE")
    return {name: kept[name] for name in names}


def _read(path: Path, limit: int | None) -> Any:
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
            if ".jsonl" in path.name:
                return [json.loads(line) for line in islice(file, limit)]
            return json.load(file)
    except (OSError, json.JSONDecodeError) as error:
        raise EvalError(f"cannot read the benchmark's data at {path}: {error}") from error
