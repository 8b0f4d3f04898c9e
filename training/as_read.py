"""The support model trained on claims beside what `qa check` reads for them, not beside their set's own evidence.

    python training/as_read.py pack --claims claims.jsonl.gz --to PACK.npz      a set aside: --held-out
    python training/as_read.py pack --claims claims.jsonl.gz --plain 12000 --to PLAIN.npz   sentences, their denials
    python training/as_read.py pack --claims claims.jsonl.gz --said 12000 --to SAID.npz     and under a verb of saying
    python training/as_read.py train PACK.npz PLAIN.npz SAID.npz --out OUT.npz --dev DEV.npz --start support.npz
    python training/as_read.py export OUT.npz --dev DEV.npz [--mean OTHER.npz] [--out support.onnx]

For each claim its own text and the two texts most like it are put together, the window is chosen as the product does,
and the label kept where it lies in the own text. Beside two of five of them stands the claim with rival texts alone:
neutral. So the model learns what a search brings, not what annotators picked. People seldom write down what is plain:
that a sentence bears itself out, and that its denial does not; those pairs are made (`plain`), and so are pairs in
which the text or the claim says whose words they are (`said`). A run ends by the clock, its learning rate falling to
nothing by then; one core does about 14 claims a second.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import gzip
import json
import random
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from claim_sets import denied
from claims import said_by
from export import export
from nets import SmallSupport, published, squeeze, widen
from paraphrase import inside
from sklearn.feature_extraction.text import TfidfVectorizer
from support import Support
from together import VERDICTS, Packed, auc, claim_loss, optimiser
from torch import Tensor, nn

from qa.models.encoder import plain_tokenizer
from qa.models.entailment import encode
from qa.models.files import SHIPPED, minilm_folder
from qa.support.words import content, nearest, split

SETS = {"made": 15_000, "answer": 13_000, "multinli": 4_000}
"""Claims drawn of these families; all of the others."""
LEFT_OUT = (
    "scone", "med_", "snli", "ambient", "entailmentbank_half", "made_fabricated", "made_stitched", "made_unowned",
)  # fmt: skip
"""Sets of single short sentences, and made claims that no text is about."""
ALIKE, TWINS = 0.4, 0.6
"""Shares of words in common from which a text is a version of the claim's own, or of another rival."""
ITSELF = ("The report", "The author", "The article", "The document", "The text", "The paper", "The authors", "It")
SAID, DENIED = (
    ("says", "said", "states", "reports", "reported", "notes", "writes", "found", "claims"),
    ("denies", "denied"),
)
RIVALS = 3
NEUTRAL = {"made": 0.1, "plain": 0.2, "said": 0.2}
"""Share of the claims that stand beside rivals alone, too; of the other families `NEUTRAL_ELSE`."""
NEUTRAL_ELSE = 0.4
LONGEST = 60
"""Words of a claim."""


class Pair(NamedTuple):
    """What is read, the claim, and what the one makes of the other."""

    read: str
    claim: str
    label: str
    weight: float


class Claim(NamedTuple):
    """A claim of a set with its text."""

    claim: str
    text: str
    label: str
    weight: float
    family: str


def claims_of(file: Path, held_out: bool, rng: random.Random) -> tuple[list[Claim], list[str]]:
    """The claims to learn from, or all that were held out, and all texts of twelve words or more."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    texts = list(dict.fromkeys(row["premise"] for row in rows if len(row["premise"].split()) >= 12))
    families: dict[str, list[Claim]] = {}
    for row in rows:
        if held_out or not (row["src"].startswith(LEFT_OUT) or len(row["claim"].split()) >= LONGEST):
            family = row["src"].split("_")[0]
            claim = Claim(row["claim"], row["premise"], row["label"], row.get("weight", 1.0), family)
            families.setdefault(family, []).append(claim)
    drawn = [
        claim
        for family, members in families.items()
        for claim in (members if held_out else rng.sample(members, min(len(members), SETS.get(family, len(members)))))
    ]
    rng.shuffle(drawn)
    return drawn, texts


def pairs(claims: Sequence[Claim], texts: Sequence[str], rng: random.Random) -> Iterator[Pair]:
    """Each claim with what would be read for it, and some of them with what rivals alone would give."""
    tfidf = TfidfVectorizer(sublinear_tf=True, max_df=0.03, min_df=2, token_pattern=r"[^\W_]{2,}", dtype=np.float32)
    table = tfidf.fit_transform(texts).T.tocsr()
    for first in range(0, len(claims), 400):
        part = claims[first : first + 400]
        found = (tfidf.transform([c.claim for c in part]) @ table).tocsr()
        for n, c in enumerate(part):
            row = slice(found.indptr[n], found.indptr[n + 1])
            order = found.indices[row][np.argsort(-found.data[row], kind="stable")[:14]]
            rivals = rivals_of(c.text, [texts[i] for i in order])
            own, read = look(c.claim, [c.text, *rivals[:2]])
            yield Pair(read if own == 0 else look(c.claim, [c.text])[1], c.claim, c.label, c.weight)
            if rivals and c.label != "neutral" and rng.random() < NEUTRAL.get(c.family, NEUTRAL_ELSE):
                yield Pair(look(c.claim, rivals)[1], c.claim, "neutral", 0.8)


def plain(texts: Sequence[str], rng: random.Random) -> Iterator[Claim]:
    """Of each text a sentence as it stands, and once its denial: in the claim, in the text, or in both."""
    for text in texts:
        spans = [(a, b) for a, b in split(text) or [(0, len(text))] if 5 <= len(text[a:b].split()) <= 30]
        if not spans:
            continue
        a, b = rng.choice(spans)
        sentence = text[a:b]
        yield Claim(sentence, text, "supported", 1.0, "plain")
        if no := denied(sentence):
            other = text[:a] + no + text[b:]
            claims = (no, text, "contradicted"), (sentence, other, "contradicted"), (no, other, "supported")
            yield Claim(*rng.choice(claims), 1.0, "plain")


def said(texts: Sequence[str], rng: random.Random) -> Iterator[Claim]:
    """Of each text a sentence as what the text, or somebody in it, says: so, denied, or by somebody else."""
    people = sorted({name for text in texts for name in re.findall(r"(?<=[a-z] )[A-Z][a-z]+ [A-Z][a-z]+\b", text)})
    for text in texts:
        spans = [(a, b) for a, b in split(text) if 5 <= len(text[a:b].split()) <= 25]
        spans = [(a, b) for a, b in spans if text[a:b].endswith(".") and not re.search('["“”]', text[a:b])]
        if not spans:
            continue
        a, b = rng.choice(spans)
        sentence, no = text[a:b], denied(text[a:b])

        def told(words: str, verbs: Sequence[str] = SAID) -> str:
            return f"{rng.choice(ITSELF)} {rng.choice(verbs)} that {inside(words)}"

        one, other = rng.sample(people, 2)
        heard = text[:a] + said_by(one, sentence, rng) + text[b:]
        kinds = [(told(sentence), text, "supported"), (said_by(one, sentence, rng), heard, "supported")] * 2
        kinds += [
            (f"{one} {rng.choice(DENIED)} that {inside(sentence)}", heard, "contradicted"),
            (said_by(other, sentence, rng), heard, "contradicted"),
        ]
        if no:
            kinds += [(told(no), text, "contradicted"), (said_by(one, no, rng), heard, "contradicted")] * 2
        claim, evidence, label = rng.choice(kinds)
        yield Claim(claim, evidence, label, 1.0, "said")


def rivals_of(own: str, like: Sequence[str]) -> list[str]:
    """Of texts that are like a claim those that are no version of its own, nor of one another."""
    words, found, seen = content(own), list[str](), list[frozenset[str]]()
    for text in like:
        theirs = content(text)
        if text in own or own in text or len(words & theirs) > ALIKE * min(len(words), len(theirs)):
            continue
        if all(len(theirs & other) <= TWINS * min(len(theirs), len(other)) for other in seen):
            found.append(text)
            seen.append(theirs)
    return found[:RIVALS]


def look(claim: str, texts: Sequence[str]) -> tuple[int, str]:
    """Which of the texts holds the sentence most like the claim, and what the model would read, as in `qa.support`."""
    pieces = [(n, span) for n, text in enumerate(texts) for span in split(text) or [(0, len(text))]]
    sentences = [texts[n][slice(*span)] for n, span in pieces]
    first, places = nearest(claim, sentences, [n for n, _ in pieces])
    return pieces[first.start][0], " ".join(sentences[i] for i in places)


def pack(a: argparse.Namespace) -> None:
    """Writes what `train` reads."""
    rng = random.Random(5)
    claims, texts = claims_of(a.claims, a.held_out, rng)
    for make, number in ((plain, a.plain), (said, a.said)):
        if number:
            claims = list(make(rng.sample(texts, min(number, len(texts))), rng))
    rows = list(pairs(claims, texts, rng))
    tokens = encode(plain_tokenizer(minilm_folder() / "tokenizer.json"), [(row.read, row.claim) for row in rows])
    np.savez(
        a.to,
        ids=np.concatenate([np.array(ids, np.int32) for ids, _, _ in tokens]),
        kinds=np.concatenate([np.array(kinds, np.int8) for _, kinds, _ in tokens]),
        lengths=np.array([len(ids) for ids, _, _ in tokens], np.uint16),
        label=np.array([VERDICTS.index(row.label) for row in rows], np.int8),
        weight=np.array([row.weight for row in rows], np.float16),
    )
    print(f"{len(rows):,} pairs")


def train(a: argparse.Namespace) -> None:
    """One stretch by the clock."""
    torch.manual_seed(3)
    torch.set_num_threads(1)
    data, dev, net = Packed(a.packs, "cpu"), Packed([a.dev], "cpu"), loaded(a.start)
    net.encoder.words.weight.requires_grad_(False)
    learn = optimiser(net, a.lr, 1.5, 0.9)
    print("before:", told(*judged(net, dev)), flush=True)
    net.train()
    began = saved = time.time()
    for step, rows in enumerate(data.batches(2048, a.seed)):
        spent = (time.time() - began) / a.seconds
        if spent >= 1:
            break
        for group in learn.param_groups:
            group["lr"] = group["top"] * min(1.0, (step + 1) / 100) * (1 - spent)
        batch = data.take(rows)
        with torch.autocast("cpu", torch.bfloat16):
            out = net.judge(batch["ids"], batch["kinds"], batch["mask"], 0.05)
        claim_loss(out, batch).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        learn.step()
        learn.zero_grad(set_to_none=True)
        if time.time() - saved > 300:
            saved = time.time()
            np.savez(a.out, **squeeze(net.state_dict()))
            print(f"{spent:.0%}, step {step}", flush=True)
    np.savez(a.out, **squeeze(net.state_dict()))
    print("after:", told(*judged(net, dev)))


def loaded(*files: Path) -> SmallSupport:
    """The net of a file, or with the mean of several files' weights."""
    states = [widen(dict(np.load(file))) for file in files]
    net = SmallSupport()
    net.load_state_dict({name: torch.stack([s[name].float() for s in states]).mean(0) for name in states[0]})
    return net


@torch.no_grad()
def judged(net: SmallSupport, dev: Packed) -> tuple[Tensor, Tensor]:
    """Logits (rows, 4) and labels of what was held out."""
    net.eval()
    logits, labels = list[Tensor](), list[Tensor]()
    order = np.argsort(dev.lengths, kind="stable")
    for at in range(0, len(order), 64):
        batch = dev.take(order[at : at + 64])
        with torch.autocast("cpu", torch.bfloat16):
            logits.append(net.judge(batch["ids"], batch["kinds"], batch["mask"]).float())
        labels.append(batch["label"])
    return torch.cat(logits), torch.cat(labels)


def told(logits: Tensor, labels: Tensor) -> str:
    """AUC of each verdict."""
    chances, truth = logits.softmax(-1).numpy(), labels.numpy()
    return ", ".join(f"{name} {auc(chances[:, n], truth == n):.3f}" for n, name in enumerate(VERDICTS))


def merged(logits: Tensor) -> Tensor:
    """Of four verdicts three: what is borne out in part is not borne out."""
    return torch.stack([logits[:, 0], torch.logsumexp(logits[:, [1, 3]], 1), logits[:, 2]], 1)


class Calibrated(nn.Module):
    """What ships: three probabilities, and for each piece that it is wrong."""

    def __init__(self, net: Support, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities (rows, 3) of supported, neutral, contradicted, and (rows, length)."""
        verdict, wrong = self.net(input_ids, token_type_ids)
        return torch.softmax(merged(verdict) * self.scale + self.shift, 1), torch.sigmoid(wrong)


def write(a: argparse.Namespace) -> None:
    """Calibrates on what was held out and writes int8 ONNX."""
    small = loaded(a.run_file, *([a.mean] if a.mean else []))
    logits, labels = judged(small, Packed([a.dev], "cpu"))
    print(told(logits, labels))
    scale, shift = nn.Parameter(torch.ones(1)), nn.Parameter(torch.zeros(3))
    fit = torch.optim.LBFGS([scale, shift], lr=0.5, max_iter=100)
    truth = torch.tensor([0, 1, 2, 1])[labels]

    def closure() -> Tensor:
        fit.zero_grad()
        loss = nn.functional.cross_entropy(merged(logits) * scale + shift, truth)
        loss.backward()
        return loss

    fit.step(closure)
    net = Support(classes=4)
    names = {f"encoder.{own}": f"encoder.{theirs}" for own, theirs in published(False).items()}
    net.load_state_dict({names.get(name, name): value for name, value in small.state_dict().items()})
    example = {"input_ids": torch.randint(1000, 2000, (2, 40)), "token_type_ids": torch.randint(0, 8, (2, 40))}
    shipped = Calibrated(net, scale.detach(), (shift - shift.mean()).detach())
    sha256 = export(shipped, example, ["verdict", "pieces"], a.out, keep=("verdict", "piece"))
    print(f"{a.out}: {a.out.stat().st_size / 1e6:.1f} MB, SHA-256 {sha256}")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("pack", help="write what `train` reads")
    p.add_argument("--claims", type=Path, required=True, help="gzipped lines: premise, claim, label, weight, src")
    p.add_argument("--held-out", action="store_true", help="all claims of the file, drawn from no set")
    p.add_argument("--plain", type=int, help="instead: plain sentences and their denials, out of so many texts")
    p.add_argument("--said", type=int, help="instead: sentences as what somebody says, out of so many texts")
    p.add_argument("--to", type=Path, required=True)
    p.set_defaults(run=pack)
    t = commands.add_parser("train", help="train by the clock")
    t.add_argument("packs", type=Path, nargs="+")
    t.add_argument("--out", type=Path, required=True)
    t.add_argument("--dev", type=Path, required=True)
    t.add_argument("--start", type=Path, required=True)
    t.add_argument("--seconds", type=float, default=4200)
    t.add_argument("--lr", type=float, default=1e-4)
    t.add_argument("--seed", type=int, default=4)
    t.set_defaults(run=train)
    e = commands.add_parser("export", help="write what ships")
    e.add_argument("run_file", type=Path, metavar="run")
    e.add_argument("--dev", type=Path, required=True)
    e.add_argument("--mean", type=Path, help="another run: the mean of both is written")
    e.add_argument("--out", type=Path, default=SHIPPED / "weights" / "support.onnx")
    e.set_defaults(run=write)
    a = parser.parse_args()
    a.run(a)


if __name__ == "__main__":
    main()
