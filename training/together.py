"""Trains all-mpnet-base-v2 to read and to judge claims, and the two small models from labels and from it, beside it.

    python training/together.py pack --data FOLDER --mpnet FOLDER --claims FILE --to PACKS    # here, with the project
    python training/together.py train PACKS OUT --large 440 --small 110                       # where a GPU is

`train` needs torch, numpy and `nets.py` alone; on a CPU it runs too, slowly. Both phases end by the clock, the learning
rate falling to nothing by then. The weights are written in pieces of 15 MB, the small models' first: bring these back
first, and everything before the machine goes (LOG.md tells what happens else).
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from nets import Large, SmallReader, SmallSupport, published, squeeze, widen
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

VERDICTS = ("supported", "partly", "contradicted", "neutral")
PIECE = 15_000_000
Rows = NDArray[np.int64]
Batch = dict[str, Tensor]
bce = functional.binary_cross_entropy_with_logits


class Packed:
    """Examples packed end to end, with the length of each; `reading` or claims."""

    def __init__(self, files: list[Path], device: str) -> None:
        parts = [np.load(file) for file in files]
        arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0].files if name != "set"}
        self.reading = "owners" in arrays
        self.lengths = arrays.pop("lengths").astype(np.int64)
        self.sizes = {"length": self.lengths}
        if self.reading:
            self.sizes["count"] = arrays.pop("count").astype(np.int64)
        self.flat = {name: torch.from_numpy(value).to(device) for name, value in arrays.items()}
        at = {name: np.concatenate([[0], np.cumsum(size)[:-1]]) for name, size in self.sizes.items()}
        self.at = {name: torch.from_numpy(value).to(device) for name, value in at.items()}
        self.size = {name: torch.from_numpy(value).to(device) for name, value in self.sizes.items()}

    def batches(self, pieces: int, seed: int) -> Iterator[Rows]:
        """Rows of like length, about so many word pieces at once, for ever."""
        random_ = np.random.default_rng(seed)
        while True:
            order, out = random_.permutation(len(self.lengths)), []
            for start in range(0, len(order), 12_800):
                pool = order[start : start + 12_800]
                pool = pool[np.argsort(self.lengths[pool], kind="stable")]
                first = 0
                while first < len(pool):
                    last = first + 1
                    while last < len(pool) and (last - first + 1) * int(self.lengths[pool[last]]) <= pieces:
                        last += 1
                    out.append(pool[first:last])
                    first = last
            random_.shuffle(out)  # type: ignore[arg-type]
            yield from out

    def take(self, rows: Rows) -> Batch:
        """Rows as padded tensors."""
        chosen = torch.as_tensor(np.ascontiguousarray(rows), device=self.size["length"].device)

        def padded(name: str, of: str, fill: int) -> Tensor:
            size = self.size[of][chosen]
            place = torch.arange(int(self.sizes[of][rows].max()), device=chosen.device)
            where = (self.at[of][chosen][:, None] + place[None]).clamp(max=len(self.flat[name]) - 1)
            return torch.where(place[None] < size[:, None], self.flat[name][where].long(), fill)

        batch = {"ids": padded("ids", "length", 0), "kinds": padded("kinds", "length", 0)}
        place = torch.arange(batch["ids"].shape[1], device=chosen.device)
        batch["mask"] = (place[None] < self.size["length"][chosen][:, None]).long()
        if self.reading:
            batch |= {"owners": padded("owners", "length", -1), "labels": padded("labels", "count", -1)}
            batch |= {name: self.flat[name][chosen].long() for name in ("start", "end", "answerable")}
        else:
            batch |= {"label": self.flat["label"][chosen].long(), "weight": self.flat["weight"][chosen].float()}
        return batch


def sentence_logits(tokens: Tensor, owners: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """[rows, count]: each sentence's votes averaged with the softmax of the gates as weights; and which are there."""
    member = owners.unsqueeze(1) == torch.arange(count, device=owners.device).view(1, -1, 1)
    weight = tokens[..., 2].unsqueeze(1).masked_fill(~member, -1e4).softmax(-1)
    return (weight * tokens[..., 3].unsqueeze(1)).sum(-1), member.any(-1)


def reading_loss(
    out: tuple[Tensor, Tensor], batch: Batch, taught: tuple[Tensor, Tensor] | None = None, hard: float = 1.0
) -> Tensor:
    """Per sentence, per window, among the sentences of a window, and for the short answer's ends: by the labels, times
    `hard`, and by what a teacher says of the same."""
    tokens, window = out[0].float(), out[1].float()
    labels, answerable = batch["labels"], batch["answerable"]
    rows = len(labels)
    logits, there = sentence_logits(tokens, batch["owners"], labels.shape[1])
    readable = batch["owners"] >= 0
    readable[:, 0] = True
    ends = [tokens[..., k].masked_fill(~readable, -1e4) for k in (0, 1)]
    none = torch.zeros(rows, 1, device=logits.device)
    right = (labels == 1).float()
    several = right.sum(1, keepdim=True)
    null = torch.cat([none, logits.masked_fill(labels < 0, -1e4)], 1).log_softmax(-1)
    known, sure = labels >= 0, answerable >= 0
    loss = bce(logits, labels.clamp(min=0).float(), reduction="none")[known].sum() / rows
    whole = bce(window, answerable.clamp(min=0).float(), reduction="none")
    loss = loss + 0.5 * (whole * sure).sum() / sure.sum().clamp(min=1)
    loss = loss - 0.5 * (torch.cat([(several == 0).float(), right / several.clamp(min=1)], 1) * null).sum(-1).mean()
    for end, name in zip(ends, ("start", "end"), strict=True):
        if (batch[name] >= 0).any():
            loss = loss + 0.25 * functional.cross_entropy(end, batch[name], ignore_index=-1)
    if taught is None:
        return loss
    said, _ = sentence_logits(taught[0].float(), batch["owners"], labels.shape[1])
    soft = (bce(logits, said.sigmoid(), reduction="none") * there).sum() / rows
    soft = soft + 0.5 * bce(window, taught[1].float().sigmoid())
    among, theirs = (torch.cat([none, x.masked_fill(~there, -1e4)], 1) for x in (logits, said))
    soft = soft - 0.5 * (theirs.softmax(-1) * among.log_softmax(-1)).sum(-1).mean()
    for k, end in enumerate(ends):
        theirs = taught[0][..., k].float().masked_fill(~readable, -1e4)
        soft = soft - 0.25 * (theirs.softmax(-1) * end.log_softmax(-1)).sum(-1).mean()
    return hard * loss + soft


def claim_loss(out: Tensor, batch: Batch, taught: Tensor | None = None, hard: float = 1.0) -> Tensor:
    """Cross entropy against the label, and against what a teacher says."""
    out = out.float()
    each = functional.cross_entropy(out, batch["label"], reduction="none", label_smoothing=0.03)
    loss = hard * (each * batch["weight"]).sum() / batch["weight"].sum()
    return loss if taught is None else loss - (taught.float().softmax(-1) * out.log_softmax(-1)).sum(-1).mean()


def optimiser(net: nn.Module, lr: float, heads: float, fall: float) -> torch.optim.AdamW:
    """Heads and kinds learn `heads` times as fast, each layer `fall` times as fast as the one above it."""
    deep = len(net.encoder.layers)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in net.named_parameters():
        parts = name.split(".")
        if name.startswith("encoder.layers."):
            times = fall ** (deep - 1 - int(parts[2]))
        else:
            times = heads if parts[0] != "encoder" or parts[1] == "kinds" else fall**deep
        groups.setdefault((times, 0.01 if parameter.ndim > 1 else 0.0), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": p, "top": lr * times, "weight_decay": decay} for (times, decay), p in groups.items()],
        lr=lr,
        betas=(0.9, 0.98),
        fused=next(net.parameters()).is_cuda,
    )


def auc(score: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Of a score for a truth (ties in the order they come)."""
    ranks = np.empty(len(score))
    ranks[np.argsort(score, kind="stable")] = np.arange(1, len(score) + 1)
    good = int(truth.sum())
    return float((ranks[truth].sum() - good * (good + 1) / 2) / max(1, good * (len(truth) - good)))


@torch.no_grad()
def read_dev(net: Large | SmallReader, dev: Packed, device: str) -> str:
    """Right sentence first among held-out windows that hold it and another; whether a window answers, AUC."""
    net.eval()
    first, score, truth = list[bool](), list[float](), list[bool]()
    order = np.argsort(dev.lengths, kind="stable")
    for at in range(0, len(order), 128):
        batch = dev.take(order[at : at + 128])
        with torch.autocast(device, torch.bfloat16):
            tokens, _ = net.read(batch["ids"], batch["kinds"], batch["mask"])
        logits, there = sentence_logits(tokens.float(), batch["owners"], batch["labels"].shape[1])
        logits = logits.masked_fill(~there, -1e4)
        asked = (batch["labels"] == 1).any(1) & (there.sum(1) > 1)
        first += (batch["labels"].gather(1, logits.argmax(1, keepdim=True)).squeeze(1) != 0)[asked].tolist()
        known = batch["answerable"] >= 0
        score += logits.max(1).values[known].tolist()
        truth += (batch["answerable"] == 1)[known].tolist()
    return f"right sentence first {np.mean(first):.4f}, AUC {auc(np.array(score), np.array(truth)):.4f}"


class Run:
    """The three nets, their data, and how they learn."""

    def __init__(self, packs: Path, pieces: int) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.began = time.time()
        torch.backends.cuda.matmul.allow_tf32 = True
        self.windows = Packed(sorted(packs.glob("windows_[!d]*.npz")), self.device)
        self.claims = Packed([packs / "claims.npz"], self.device)
        self.dev = {"windows": Packed([packs / "windows_dev.npz"], self.device)}
        if (packs / "claims_dev.npz").exists():
            self.dev["claims"] = Packed([packs / "claims_dev.npz"], self.device)
        self.large, self.reader, self.support = (
            net.to(self.device) for net in (Large(), SmallReader(), SmallSupport())
        )
        self.large.load_state_dict(widen(dict(np.load(packs / "mpnet.npz"))), strict=False)  # heads and kinds are new
        self.reader.load_state_dict(widen(dict(np.load(packs / "reader.npz"))))
        self.support.load_state_dict(widen(dict(np.load(packs / "support.npz"))))
        self.feeds = self.windows.batches(pieces, 1), self.claims.batches(pieces, 2)
        self.optimisers = (
            optimiser(self.large, 6e-5, 5.0, 0.9),
            optimiser(self.reader, 1.5e-4, 1.0, 1.0),
            optimiser(self.support, 1.5e-4, 2.0, 1.0),
        )
        self.say(f"{self.device}: {len(self.windows.lengths):,} windows, {len(self.claims.lengths):,} claims")

    def say(self, *what: object) -> None:
        """Prints with the seconds since the beginning."""
        print(f"[{time.time() - self.began:6.1f}]", *what, flush=True)

    def phase(self, name: str, seconds: float, teach: bool, small: tuple[float, float], wait: int) -> None:
        """One stretch of training.

        Args:
            teach: whether the large net learns; else it only teaches.
            small: share of the small nets' learning rate at the beginning and at the end.
            wait: steps before the large net is worth listening to.
        """
        self.large.train(teach)
        self.reader.train()
        self.support.train()
        began, step, rows, told = time.time(), 0, 0, 0.0
        while (spent := (time.time() - began) / seconds) < 1:
            warm = min(1.0, (step + 1) / 150)
            shares = (warm * (1 - spent), *[(warm if teach else 1.0) * (small[0] + (small[1] - small[0]) * spent)] * 2)
            for opt, share in zip(self.optimisers, shares, strict=True):
                for group in opt.param_groups:
                    group["lr"] = group["top"] * share
            reads = step % 5 not in (1, 3)  # three windows' batches for two of claims
            data = self.windows if reads else self.claims
            batch = data.take(next(self.feeds[0 if reads else 1]))
            inputs = batch["ids"], batch["kinds"], batch["mask"]
            with torch.autocast(self.device, torch.bfloat16), torch.set_grad_enabled(teach):
                out = self.large.read(*inputs, 0.1) if reads else self.large.judge(*inputs, 0.1)
            if teach:
                self._learn(self.large, 0, reading_loss(out, batch) if reads else claim_loss(out, batch))
            heard = step >= wait
            hard = 0.5 if heard else 1.0
            with torch.autocast(self.device, torch.bfloat16):
                mine = self.reader.read(*inputs, 0.05) if reads else self.support.judge(*inputs, 0.05)
            if reads:
                taught = (out[0].detach(), out[1].detach()) if heard else None
                self._learn(self.reader, 1, reading_loss(mine, batch, taught, hard))
            else:
                self._learn(self.support, 2, claim_loss(mine, batch, out.detach() if heard else None, hard))
            step, rows = step + 1, rows + len(batch["ids"])
            if time.time() - told > 20:
                told = time.time()
                self.say(f"{name} step {step} {spent:.0%} {rows:,} rows, {rows / (told - began):.0f} a second")
        self.say(name, f"ends: {step} steps, {rows:,} rows")

    def _learn(self, net: nn.Module, which: int, loss: Tensor) -> None:
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        self.optimisers[which].step()
        self.optimisers[which].zero_grad(set_to_none=True)

    @torch.no_grad()
    def judge_dev(self, net: Large | SmallSupport) -> str:
        """Held-out claims: share told right, AUC of each verdict."""
        if "claims" not in self.dev:
            return "no claims held out"
        net.eval()
        dev, chances, truth = self.dev["claims"], [], []
        order = np.argsort(dev.lengths, kind="stable")
        for at in range(0, len(order), 128):
            batch = dev.take(order[at : at + 128])
            with torch.autocast(self.device, torch.bfloat16):
                out = net.judge(batch["ids"], batch["kinds"], batch["mask"])
            chances.append(out.float().softmax(-1).cpu().numpy())
            truth.append(batch["label"].cpu().numpy())
        p, t = np.concatenate(chances), np.concatenate(truth)
        each = [f"{name} {auc(p[:, n], t == n):.3f}" for n, name in enumerate(VERDICTS) if (t == n).any()]
        return f"right {np.mean(p.argmax(1) == t):.4f}, AUC {', '.join(each)}"


def train(a: argparse.Namespace) -> None:
    """Both phases; writes what a checkpoint needs after each."""
    torch.manual_seed(5)
    a.out.mkdir(parents=True, exist_ok=True)
    run = Run(a.packs, a.pieces)
    run.say("before:", read_dev(run.reader, run.dev["windows"], run.device), "·", run.judge_dev(run.support))
    run.phase("teach", a.large, True, (1.0, 0.5), wait=600)
    run.say("large:", read_dev(run.large, run.dev["windows"], run.device), "·", run.judge_dev(run.large))
    written(run, a.out)
    run.phase("small", a.small, False, (0.5, 0.02), wait=0)
    run.say("small:", read_dev(run.reader, run.dev["windows"], run.device), "·", run.judge_dev(run.support))
    written(run, a.out)
    run.say("written")


def written(run: Run, out: Path) -> None:
    """The three nets in pieces, in the order in which they are worth bringing back."""
    for n, (name, net) in enumerate((("reader", run.reader), ("support", run.support), ("large", run.large))):
        np.savez(out / f"{name}.npz", **squeeze(net.state_dict()))
        whole = (out / f"{name}.npz").read_bytes()
        for piece in range(0, len(whole), PIECE):
            (out / f"{n}-{name}.{piece // PIECE:02}").write_bytes(whole[piece : piece + PIECE])


def pack(a: argparse.Namespace) -> None:
    """Everything that `train` reads, as the product's own tokenizer cuts it."""
    from data import data_folder  # late: where the GPU is there is no project
    from examples import describe, reader_examples
    from export import restore
    from reader import ReaderNet, encode
    from safetensors.torch import load_file
    from support import Support

    from qa.models.encoder import plain_tokenizer
    from qa.models.entailment import encode as encode_pairs
    from qa.models.files import SHIPPED, minilm_folder

    a.to.mkdir(parents=True, exist_ok=True)
    tokenizer = plain_tokenizer(minilm_folder() / "tokenizer.json")
    for seed in (0, *a.seeds):
        held_out = seed == 0
        examples = reader_examples(data_folder(a.data), seed, a.share, held_out, rounds=2)[: 2500 if held_out else None]
        print(describe(examples), flush=True)
        rng = random.Random(seed)
        rows = [encode(tokenizer, e, marked=held_out or rng.random() >= 0.12) for e in examples]
        np.savez(
            a.to / f"windows_{'dev' if held_out else seed}.npz",
            ids=np.concatenate([np.array(r.tokens.ids, np.uint16) for r in rows]).astype(np.int32),
            kinds=np.concatenate([np.array(r.tokens.types, np.int8) for r in rows]),
            owners=np.concatenate([np.array(r.tokens.owners, np.int8) for r in rows]),
            labels=np.concatenate([np.array(r.labels, np.int8) for r in rows]),
            lengths=np.array([len(r.tokens.ids) for r in rows], np.uint16),
            count=np.array([len(r.labels) for r in rows], np.uint16),
            start=np.array([r.start for r in rows], np.int16),
            end=np.array([r.end for r in rows], np.int16),
            answerable=np.array([r.answerable for r in rows], np.int8),
            set=np.array([e.kind for e in examples]),
        )
    for name, file in (("claims", a.claims), ("claims_dev", a.claims_dev)):
        if file:
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                claims = [json.loads(line) for line in lines]
            pairs = encode_pairs(tokenizer, [(c["premise"], c["claim"]) for c in claims])
            np.savez(
                a.to / f"{name}.npz",
                ids=np.concatenate([np.array(ids, np.int32) for ids, _, _ in pairs]),
                kinds=np.concatenate([np.array(kinds, np.int8) for _, kinds, _ in pairs]),
                lengths=np.array([len(ids) for ids, _, _ in pairs], np.uint16),
                label=np.array([VERDICTS.index(c["label"]) for c in claims], np.int8),
                weight=np.array([c.get("weight", 1.0) for c in claims], np.float16),
            )
    stored = load_file(a.mpnet / "model.safetensors")
    np.savez(a.to / "mpnet.npz", **squeeze({f"encoder.{own}": stored[name] for own, name in published(True).items()}))
    for name, net in (("reader", ReaderNet()), ("support", Support(classes=len(VERDICTS)))):
        restore(net, SHIPPED / "weights" / f"{name}.onnx")
        state = net.state_dict()
        kept = {f"encoder.{own}": state[f"encoder.{theirs}"] for own, theirs in published(False).items()}
        kept |= {k: v for k, v in state.items() if not k.startswith("encoder.")}
        np.savez(a.to / f"{name}.npz", **squeeze(kept))


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("pack", help="write what `train` reads")
    p.add_argument("--data")
    p.add_argument("--to", type=Path, required=True)
    p.add_argument("--mpnet", type=Path, required=True, help="folder of all-mpnet-base-v2's model.safetensors")
    p.add_argument("--claims", type=Path, help="gzipped lines: premise, claim, label, weight; none: windows alone")
    p.add_argument("--claims-dev", type=Path, help="the same, held out")
    p.add_argument("--share", type=float, default=1.0, help="of the sets of questions")
    p.add_argument("--seeds", type=int, nargs="*", default=[71, 72], help="a draw of windows for each")
    p.set_defaults(run=pack)
    t = commands.add_parser("train", help="train, and write the weights in pieces")
    t.add_argument("packs", type=Path)
    t.add_argument("out", type=Path)
    t.add_argument("--large", type=float, default=440, help="seconds")
    t.add_argument("--small", type=float, default=110, help="seconds")
    t.add_argument("--pieces", type=int, default=32_768, help="word pieces of a batch; on a CPU 2,048")
    t.set_defaults(run=train)
    a = parser.parse_args()
    a.run(a)


if __name__ == "__main__":
    main()
