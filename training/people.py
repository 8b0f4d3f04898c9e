"""Sets of questions that people asked, with a clear licence, brought to one form: a paragraph and who asked what of it.

Each reader gives rows `src, title, context, question, answers` and, where the set says so, `places`: the spans of
`context` that answer (short answers or whole sentences). No answer and no place: the context does not answer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from zlib import crc32

from data import DEV_ARTICLES, Row, Span, detokenise, find_all, joined, rows

NATURAL = ("qed", "clapnq", "nq_oracle", "boolq")
"""Asked by people who wanted to know, before anybody saw a text."""

QUOTAS = {
    "qed": 5157, "nq_oracle": 2655, "clapnq": 450, "boolq": 4298, "squad2_train": 6447, "squad11_13articles": 4557,
    "squadshifts_wiki": 7716, "squadshifts_amazon": 5000, "squadshifts_reddit": 5000, "squad11_train": 4122,
    "adversarialqa": 2584, "bioasq": 6914, "covidqa": 2228, "fairytaleqa": 4142, "policyqa": 4000, "selqa": 2375,
    "doc2dial": 928, "timeqa": 1500, "hotpotqa": 801, "medquad": 1500, "pubmedqa": 400, "cmu_qa": 164,
    "fever": 6000, "condaqa": 3000, "other_paragraph": 4000,
}  # fmt: skip
"""Most questions taken of each set: what is clumsy (timeqa), often wrong (policyqa) or always alike (pubmedqa) is taken
lightly."""

HELD_OUT = {"clapnq": 150, "qed": 200}
"""Questions of these, the first in the sets' order, are never learned from: a dev set of natural questions."""


def people(
    data: Path, share: float = 1.0, seed: int = 0, held_out: bool = False, part: tuple[int, int] = (0, 1)
) -> list[Row]:
    """Rows of all sets, of each a random share of its quota, natural ones weighed up; or those held out.

    `part`: the k-th of n parts, by paragraph.
    """
    rng = random.Random(seed)
    found: list[Row] = []
    for name, most in QUOTAS.items():
        asked = [r for r in READERS[name](data) if r["title"] not in DEV_ARTICLES]
        kept = HELD_OUT.get(name, 0)
        asked = asked[:kept] if held_out else asked[kept:]
        weighed = share * (3 if name in NATURAL else 1)
        for row in rng.sample(asked, min(len(asked), 10**6 if held_out else round(most * weighed))):
            found.append({"answers": [], "places": [], **row, "src": name})
    if held_out:
        return [r for r in found if r["src"] in HELD_OUT]
    return [r for r in found if crc32(r["context"].encode()) % part[1] == part[0]]


def _older(data: Path, name: str) -> Iterator[Row]:
    for row in rows(data, "train/reader_train"):
        if row["src"] == name:
            yield {"title": row.get("title", ""), **row}


def _squad2(data: Path) -> list[Row]:
    return rows(data, "train/squad2_train")


def _uniform(data: Path, *names: str, title: bool = True) -> Iterator[Row]:
    """The sets `r_*`."""
    for name in names:
        for r in rows(data, f"train/r_{name}"):
            if r["src"] == "fairytaleqa" and "starts" not in r:
                continue  # located by shared words, some wrong
            answers = r.get("answers", []) if r["answerable"] else []
            places = [(s, s + len(a)) for s, a in zip(r.get("starts", ()), answers, strict=False)]
            if r["answerable"]:
                places = places or [(a, b) for a, b in r.get("sentences", ())]
            text = r["passage"]
            if r["src"].startswith(("fairytaleqa", "covidqa")):  # lines of one width
                text = re.sub(r"(?<!\n)\n(?!\n)", " ", text)
            row = {"title": _title(r["title"]) if title else "", "context": text, "question": r["q"]}
            yield {**row, "answers": answers, "places": places}


def _title(name: str) -> str:
    return "" if re.search(r"Amazon_Reviews|Reddit", name) else name.split(" | ")[0]


def _qed(data: Path) -> Iterator[Row]:
    for r in rows(data, "train/qed_train"):
        if r["answer_type"] == "single_sentence" and r["sentence_starts"]:
            ends = [*r["sentence_starts"][1:], len(r["paragraph_text"])]
            parts = [r["paragraph_text"][a:b] for a, b in zip(r["sentence_starts"], ends, strict=True)]
            right = {n for n, a in enumerate(r["sentence_starts"]) for s, _ in r["answer_spans"] if a <= s < ends[n]}
            yield _of_sentences(r["title_text"], r["question_text"], parts, right, r["answer_text"])


def _of_sentences(
    title: str, question: str, parts: Sequence[str], right: Iterable[int], answers: Sequence[str] = ()
) -> Row:
    """A row of tokenised sentences, of which some answer."""
    kept = [(n, text) for n, part in enumerate(parts) if (text := detokenise(part.strip()))]
    text, spans = joined([part for _, part in kept])
    chosen = set(right)
    places: list[Span] = []
    for (n, _), (a, b) in zip(kept, spans, strict=True):
        if n in chosen:
            short = [m for answer in answers for m in find_all(text, detokenise(answer)) if a <= m[0] and m[1] <= b]
            places.append(short[0] if short else (a, b))
    return {
        "title": title.replace("_", " "),
        "context": text,
        "question": question,
        "answers": [detokenise(a) for a in answers],
        "places": places,
    }


def _clapnq(data: Path) -> Iterator[Row]:
    for r in rows(data, "train/clapnq_dev"):
        for p in r["passages"][:1]:
            chosen = {s for o in r["output"] for s in o.get("selected_sentences", ())} if r["answerable"] else set()
            right = {n for n, s in enumerate(p["sentences"]) if s in chosen}
            if bool(right) == bool(r["answerable"]):
                yield _of_sentences(p["title"], r["input"], p["sentences"], right)


def _selqa(data: Path) -> Iterator[Row]:
    for name in ("dev", "test"):
        for r in rows(data, f"train/selqa_ass_{name}"):
            yield _of_sentences(f"{r['article']}", r["question"], r["candidates"], r["answers"])


def _policyqa(data: Path) -> Iterator[Row]:
    for name in ("dev", "test"):
        for r in rows(data, f"train/policyqa_{name}"):
            places = [(a["answer_start"], a["answer_start"] + len(a["text"])) for a in r["answers"]]
            if len(r["context"].split()) > 25 and max(b - a for a, b in places) > 8:  # "you" answers nothing
                yield {**r, "title": "Privacy policy", "answers": [a["text"] for a in r["answers"]], "places": places}


def _boolq(data: Path) -> Iterator[Row]:
    for name in ("val", "test"):
        for r in rows(data, f"train/eraser_boolq_{name}"):
            text = detokenise(re.sub(r"^\W+|Section::::\S*", "", " ".join(e["text"] for e in r["evidences"][0])))
            if 8 < len(text.split()) < 90:
                yield {"title": "", "context": text, "question": r["query"], "places": [(0, len(text))]}


def _fever(data: Path) -> Iterator[Row]:
    """Claims as questions: what supports or refutes one answers it."""
    for n, r in enumerate(rows(data, "train/fever_passages")):
        asked = r["claim"].rstrip(". ")
        asked = (f"Is it true that {asked}?", f"{asked}?", f"{asked}, is that right?")[n % 3]
        yield _of_sentences(_plain(r["title"]), asked, list(r["sentences"]), r["evidence"])


def _plain(title: str) -> str:
    return title.replace("_", " ").replace("-LRB-", "(").replace("-RRB-", ")")


def _condaqa(data: Path) -> Iterator[Row]:
    for r in rows(data, "train/condaqa_fewshot_union"):
        text, question = r["sentence1"], r["sentence2"]
        if r["label"] == "DON'T KNOW":
            yield {"title": "", "context": text, "question": question}
        elif r["PassageEditID"] == 0 and (at := text.find(r["original sentence"])) >= 0:
            yield {
                "title": "",
                "context": text,
                "question": question,
                "places": [(at, at + len(r["original sentence"]))],
            }


READERS = {
    "qed": _qed,
    "nq_oracle": lambda data: _older(data, "nq_oracle"),
    "clapnq": _clapnq,
    "boolq": _boolq,
    "squad2_train": _squad2,
    "squad11_13articles": lambda data: _older(data, "squad11_13articles"),
    "squadshifts_wiki": lambda data: _uniform(data, "squadshifts_wiki"),
    "squadshifts_amazon": lambda data: _uniform(data, "squadshifts_amazon"),
    "squadshifts_reddit": lambda data: _uniform(data, "squadshifts_reddit"),
    "squad11_train": lambda data: _uniform(data, "squad_train_12articles"),
    "adversarialqa": lambda data: _uniform(data, "adversarialqa_dev"),
    "bioasq": lambda data: _uniform(data, "bioasq", title=False),
    "covidqa": lambda data: _uniform(data, "covidqa"),
    "fairytaleqa": lambda data: _uniform(data, "fairytaleqa"),
    "policyqa": _policyqa,
    "selqa": _selqa,
    "doc2dial": lambda data: _uniform(data, "doc2dial_val"),
    "timeqa": lambda data: _uniform(data, "timeqa"),
    "hotpotqa": lambda data: _uniform(data, "hotpotqa_more", title=False),
    "medquad": lambda data: _uniform(data, "medquad_sections"),
    "pubmedqa": lambda data: _uniform(data, "pubmedqa", title=False),
    "cmu_qa": lambda data: _uniform(data, "cmu_qa_s10"),
    "fever": _fever,
    "condaqa": _condaqa,
    "other_paragraph": lambda data: _uniform(data, "made_other_paragraph"),
}
