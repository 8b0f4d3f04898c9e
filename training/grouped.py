"""Trains the small reader on whole questions: the window that answers beside windows of other texts that look like it.

    python training/together.py pack --data FOLDER --mpnet FOLDER --claims FILE --to PACKS
    python training/grouped.py mine PACKS                                # minutes, 8 GB
    python training/grouped.py train PACKS training/runs/grouped --seconds 6000     # one core, bfloat16
    python training/grouped.py mean training/runs/first training/runs/second --out training/runs/grouped
    python training/reader.py export --model training/runs/grouped --out reader.onnx

`qa` takes the best of a hundred sentences from many passages, so a reader that was only ever asked about one window at
a time need not agree with itself from one to the next. Here every question stands beside four windows, three of them
from other texts of its set that share its words, and one loss runs over all their sentences (Gao et al. 2021,
arXiv:2101.08751). Every second batch is of single windows as before, so that nothing is forgotten.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import Stemmer
import torch
from nets import SmallReader, published, widen
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from together import Batch, Packed, optimiser, read_dev, reading_loss, sentence_logits
from torch import Tensor, nn

from qa.models.encoder import plain_tokenizer
from qa.models.files import minilm_folder

RIVALS, DRAWN = 8, 3
"""Windows kept beside each question, and those of them that are read beside it at a time."""
LEAST = 400
"""Windows of a set below which it has too few others."""
MADE = (
    "reported",
    "speaker",
    "vague",
    "front",
    "other_paragraph",
    "elsewhere",
    "same article",
    "near",
    "rival",
    "defined",
)
"""Sets whose questions or windows a program made."""
LONGEST = 300
"""Word pieces of a window beside a question that is not its own."""

Ints = NDArray[np.int64]
Row = tuple[Ints, Ints, Ints, Ints, int, int, int]
"""Ids, kinds, owners, labels, start, end, answerable: as in `Packed`."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Packed windows, each cut into question and rest, with the stem of every word piece's word."""

    packed: dict[str, NDArray[np.generic]]
    at: Ints
    labelled: Ints
    """Where a window's labels begin, one more than there are windows, as `at`."""
    rest: Ints
    """Where a window's question ends, from its beginning."""
    stems: Ints
    words: NDArray[np.bool_]
    """By stem, whether it is a word."""

    @classmethod
    def read(cls, packs: Path) -> Windows:
        """Of all files `windows_*.npz` but those held out."""
        parts = [np.load(file) for file in sorted(packs.glob("windows_*.npz")) if "dev" not in file.name]
        packed = {name: np.concatenate([part[name] for part in parts]) for name in parts[0].files}
        at = np.concatenate([[0], np.cumsum(packed["lengths"].astype(np.int64))])
        labelled = np.concatenate([[0], np.cumsum(packed["count"].astype(np.int64))])
        tokenizer = plain_tokenizer(minilm_folder() / "tokenizer.json")
        ends = np.flatnonzero(packed["ids"] == tokenizer.token_to_id("[SEP]"))
        rest = ends[np.searchsorted(ends, at[:-1])] + 1 - at[:-1]
        pieces = [tokenizer.id_to_token(n) for n in range(tokenizer.get_vocab_size())]
        return cls(packed, at, labelled, rest, *_stems(packed["ids"].astype(np.int64), pieces))

    def own(self, n: int) -> Row:
        """A window with the question it was packed with."""
        here, labels = slice(self.at[n], self.at[n + 1]), slice(self.labelled[n], self.labelled[n + 1])
        p = self.packed
        ends = int(p["start"][n]), int(p["end"][n]), int(p["answerable"][n])
        return p["ids"][here], p["kinds"][here], p["owners"][here], p["labels"][labels], *ends

    def beside(self, asked: int, other: int) -> Row:
        """The question of one window before the text of another, which does not answer it."""
        first = slice(self.at[asked], self.at[asked] + self.rest[asked])
        second = slice(self.at[other] + self.rest[other], self.at[other + 1])
        ids, owners = self.packed["ids"], self.packed["owners"]
        question, text = self.stems[first], self.stems[second]
        kinds = np.isin(question, text).astype(np.int64)
        kinds[[0, -1]] = 0
        marks = 2 + np.isin(text, question[1:-1])
        marks[ids[second] == ids[first][-1]] = 2
        whose = np.concatenate([np.full(len(question), -1), owners[second]])[:LONGEST]
        labels = np.full(self.labelled[other + 1] - self.labelled[other], -1)
        labels[np.unique(whose[whose >= 0])] = 0
        joined = np.concatenate([ids[first], ids[second]]), np.concatenate([kinds, marks])
        return joined[0][:LONGEST], joined[1][:LONGEST], whose, labels, 0, 0, 0


def _stems(ids: Ints, pieces: list[str]) -> tuple[Ints, NDArray[np.bool_]]:
    """A number for the stem of each piece's word, and which of these numbers are words."""
    begins = np.flatnonzero(~np.array([piece.startswith("##") for piece in pieces])[ids])
    sizes = np.diff(np.append(begins, len(ids)))
    hashes = np.zeros(len(begins), np.uint64)
    for k in range(sizes.max()):
        longer = sizes > k
        hashes[longer] = (
            hashes[longer] * np.uint64(1_000_003) + ids[begins[longer] + k].astype(np.uint64) + np.uint64(7)
        )
    _, example, which = np.unique(hashes, return_index=True, return_inverse=True)
    stem, table = Stemmer.Stemmer("english").stemWord, dict[str, int]()
    numbers = np.empty(len(example), np.int64)
    for n, word in enumerate(example):
        span = ids[begins[word] : begins[word] + sizes[word]]
        numbers[n] = table.setdefault(stem("".join(pieces[i].removeprefix("##") for i in span)), len(table))
    return np.repeat(numbers[which], sizes), np.array([text.isalnum() for text in table])


def mine(a: argparse.Namespace) -> None:
    """For each question that its window answers, others of its set that share its words and do not answer.

    Not taken: what shares half of its words with the window, most of the words of the sentence that answers, or holds
    the short answer.
    """
    w = Windows.read(a.packs)
    size, stems = len(w.rest), len(w.words)
    row = np.repeat(np.arange(size), np.diff(w.at))
    asked = np.arange(len(row)) - w.at[row] < w.rest[row]

    def bags(which: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        pairs = np.unique(row[which & w.words[w.stems]] * stems + w.stems[which & w.words[w.stems]])
        return pairs // stems, pairs % stems

    rows, words = bags(~asked)
    frequency = np.bincount(words, minlength=stems)
    rarity = np.log(1 + size / (1 + frequency))
    rarity[frequency > 0.08 * size] *= 0.2
    weights = rarity[words] / np.sqrt(15 + np.bincount(rows, minlength=size)[rows])
    texts = sp.csr_matrix((weights.astype(np.float32), (rows, words)), shape=(size, stems))
    rows, words = bags(asked)
    questions = sp.csr_matrix((np.ones(len(rows), np.float32), (rows, words)), shape=(size, stems))
    answers = np.zeros(size, bool)
    np.logical_or.at(answers, np.repeat(np.arange(size), np.diff(w.labelled))[w.packed["labels"] == 1], True)
    sets = np.array([str(name).split("-")[0] for name in w.packed["set"]])
    found: list[list[int]] = []
    for name in sorted(set(sets)):
        pool = np.flatnonzero(sets == name)
        if name.startswith(MADE) or len(pool) < LEAST:
            continue
        columns = texts[pool].T.tocsc()
        wanted = pool[answers[pool]]
        for block in np.array_split(wanted, len(wanted) // 500 + 1):
            scores = (questions[block] @ columns).toarray()
            best = np.argsort(-scores, axis=1)[:, :40]
            for n, order in zip(block, best, strict=True):
                rivals = [m for m in pool[order] if _differs(w, int(n), int(m))][:RIVALS]
                if len(rivals) > DRAWN:
                    found.append([n, *rivals, *rivals[-1:] * (RIVALS - len(rivals))])
        print(f"{name}: {len(pool):,} windows, {len(found):,} questions so far", flush=True)
    np.save(a.packs / "rivals.npy", np.array(found, np.int32))


def _differs(w: Windows, asked: int, other: int) -> bool:
    def bag(n: int) -> set[int]:
        return set(w.stems[w.at[n] + w.rest[n] : w.at[n + 1]].tolist())

    mine, theirs = bag(asked), bag(other)
    if asked == other or len(mine & theirs) > 0.5 * min(len(mine), len(theirs)):
        return False
    ids, _, owners, labels, start, end, _ = w.own(asked)
    right = set(w.stems[w.at[asked] : w.at[asked + 1]][np.isin(owners, np.flatnonzero(labels == 1))].tolist())
    text = w.packed["ids"][w.at[other] + w.rest[other] : w.at[other + 1]]
    return len(theirs & right) <= 0.6 * len(right) and not (
        start > 0 and ids[start : end + 1].tobytes() in text.tobytes()
    )


def batches(w: Windows, rivals: NDArray[np.int32], seed: int) -> Iterator[tuple[bool, list[Row]]]:
    """Eight questions with their windows, or 32 single windows, of like length; whether it is the former."""
    draw = np.random.default_rng(seed)
    while True:
        grouped, single = draw.permutation(len(rivals)), draw.permutation(len(w.rest))
        for n in range(len(grouped) // 640):
            groups = rivals[grouped[n * 640 : (n + 1) * 640]]
            groups = groups[np.argsort(w.packed["lengths"][groups[:, 0]], kind="stable")]
            others = np.take(single, range(n * 2560, (n + 1) * 2560), mode="wrap")
            others = others[np.argsort(w.packed["lengths"][others], kind="stable")]
            chunks = [(True, groups[k : k + 8]) for k in range(0, 640, 8)]
            chunks += [(False, others[k : k + 32]) for k in draw.choice(80, 40, replace=False) * 32]
            draw.shuffle(chunks)  # type: ignore[arg-type]
            for whole, chunk in chunks:
                if whole:
                    drawn = [(g[0], draw.choice(g[1:], DRAWN, replace=False)) for g in chunk]
                    yield True, [row for g, rest in drawn for row in (w.own(g), *(w.beside(g, m) for m in rest))]
                else:
                    yield False, [w.own(m) for m in chunk]


def batch_of(rows: list[Row]) -> Batch:
    """Rows as padded tensors."""

    def padded(values: list[Ints], fill: int) -> Tensor:
        out = np.full((len(values), max(map(len, values))), fill, np.int64)
        for line, value in zip(out, values, strict=True):
            line[: len(value)] = value
        return torch.from_numpy(out)

    names = {"ids": 0, "kinds": 0, "owners": -1, "labels": -1}
    batch = {name: padded([row[n] for row in rows], fill) for n, (name, fill) in enumerate(names.items())}
    batch["mask"] = padded([np.ones(len(row[0]), np.int64) for row in rows], 0)
    return batch | {
        name: torch.tensor([row[n] for row in rows]) for n, name in enumerate(("start", "end", "answerable"), 4)
    }


def among_all(out: tuple[Tensor, Tensor], batch: Batch) -> Tensor:
    """Minus the log of the share that a question's right sentences have of all its windows' sentences."""
    logits, there = sentence_logits(out[0].float(), batch["owners"], batch["labels"].shape[1])
    questions = len(logits) // (DRAWN + 1)
    right = ((batch["labels"] == 1) & there).view(questions, -1)
    logits = logits.masked_fill(~there | (batch["labels"] < 0), -1e4).view(questions, -1)
    loss = logits.logsumexp(1) - logits.masked_fill(~right, -1e4).logsumexp(1)
    return loss[right.any(1)].mean()


def train(a: argparse.Namespace) -> None:
    """From packed weights until the time is over; what is known by then is written every ten minutes."""
    torch.manual_seed(a.seed)
    random.seed(a.seed)
    torch.set_num_threads(1)
    a.out.mkdir(parents=True, exist_ok=True)
    net = SmallReader()
    net.load_state_dict(widen(dict(np.load(a.packs / "reader.npz"))))
    dev = Packed([a.packs / "windows_dev.npz"], "cpu")
    print("before:", read_dev(net, dev, "cpu"), flush=True)
    learn = optimiser(net, a.lr, 1.0, 0.95)
    feed = batches(Windows.read(a.packs), np.load(a.packs / "rivals.npy"), a.seed)
    net.train()
    began = told = kept = time.time()
    step = seen = 0
    while (spent := (time.time() - began) / a.seconds) < 1:
        for group in learn.param_groups:
            group["lr"] = group["top"] * min(1.0, (step + 1) / 100) * (1 - spent)
        whole, rows = next(feed)
        batch = batch_of(rows)
        with torch.autocast("cpu", torch.bfloat16):
            out = net.read(batch["ids"], batch["kinds"], batch["mask"], 0.05)
        loss = reading_loss(out, batch)
        (loss + among_all(out, batch) if whole else loss).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        learn.step()
        learn.zero_grad(set_to_none=True)
        step, seen = step + 1, seen + len(rows)
        if time.time() - told > 60:
            told = time.time()
            print(
                f"{spent:.0%} {seen:,} windows, {seen / (told - began):.1f} a second, loss {loss.item():.3f}",
                flush=True,
            )
        if time.time() - kept > 600:
            kept = time.time()
            _written(net, a.out)
    print("after:", read_dev(net, dev, "cpu"), flush=True)
    _written(net, a.out)


def mean(a: argparse.Namespace) -> None:
    """The mean of the weights of several runs that began at the same ones (Izmailov et al. 2018, arXiv:1803.05407)."""
    runs = [load_file(folder / "model.safetensors") for folder in a.runs]
    a.out.mkdir(parents=True, exist_ok=True)
    save_file({name: torch.stack([run[name] for run in runs]).mean(0) for name in runs[0]}, a.out / "model.safetensors")


def _written(net: SmallReader, out: Path) -> None:
    """As `reader.py export` takes it."""
    names = {f"encoder.{own}": f"encoder.{theirs}" for own, theirs in published(mpnet=False).items()}
    save_file({names.get(k, k): v.contiguous() for k, v in net.state_dict().items()}, out / "model.safetensors")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    m = commands.add_parser("mine", help="find the windows that stand beside each question")
    m.add_argument("packs", type=Path)
    m.set_defaults(run=mine)
    t = commands.add_parser("train", help="train, and write what `reader.py export` takes")
    t.add_argument("packs", type=Path)
    t.add_argument("out", type=Path)
    t.add_argument("--seconds", type=float, default=6000)
    t.add_argument("--lr", type=float, default=8e-5)
    t.add_argument("--seed", type=int, default=11)
    t.set_defaults(run=train)
    v = commands.add_parser("mean", help="the mean of several runs' weights")
    v.add_argument("runs", type=Path, nargs="+")
    v.add_argument("--out", type=Path, required=True)
    v.set_defaults(run=mean)
    a = parser.parse_args()
    a.run(a)


if __name__ == "__main__":
    main()
