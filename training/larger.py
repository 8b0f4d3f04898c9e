"""Trains all-mpnet-base-v2 to read, on a CPU, a session at a time: an adapter of 9 MB is all that is learned and kept.

    python training/together.py pack --data FOLDER --mpnet FOLDER --to PACKS --seeds 91
    python training/grouped.py mine PACKS
    python training/larger.py train PACKS training/runs/a --seconds 6000 --seed 1 --peer training/runs/b &
    python training/larger.py train PACKS training/runs/b --seconds 6000 --seed 2 --peer training/runs/a &
    python training/larger.py mean training/runs/a training/runs/b --out training/runs/larger.npz
    python training/larger.py export PACKS training/runs/larger.npz --out larger.onnx

The four lowest layers stay as they are, and no gradient goes through them; in each layer above, the six products get
an addition of low rank (Hu et al. 2021, arXiv:2106.09685). Kinds of token are told where these begin. Two runs on two
cores meet every few minutes: each takes the mean of its adapter and the other's (Stich 2018, arXiv:1805.09767).
`--start` goes on from an adapter; the learning rate rises, and falls to nothing by the end of the time. Batches as in
`grouped.py`. LOG.md says how far it got.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from grouped import Windows, among_all, batch_of, batches
from nets import Encoder, Layer, mlp, widen
from together import Packed, auc, reading_loss, sentence_logits
from torch import Tensor, nn
from torch.nn import functional

FROZEN, RANK, SCALE = 4, 32, 2.0
PARTS = ("q", "k", "v", "o", "up", "down")


class Adapted(nn.Module):
    """A frozen product in bfloat16, and what is learned on top of it."""

    def __init__(self, whole: nn.Linear) -> None:
        super().__init__()
        self.weight = nn.Parameter(whole.weight.detach().bfloat16(), requires_grad=False)
        self.bias = nn.Parameter(whole.bias.detach().bfloat16(), requires_grad=False)
        self.a = nn.Parameter(torch.empty(RANK, whole.in_features))
        self.b = nn.Parameter(torch.zeros(whole.out_features, RANK))
        nn.init.kaiming_uniform_(self.a, math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """As the product whose weight is `merged`."""
        low = functional.linear(functional.linear(x, self.a), self.b)
        return functional.linear(x, self.weight, self.bias) + SCALE * low

    def merged(self) -> Tensor:
        """The weight of one product that does the same."""
        return self.weight.float() + SCALE * self.b.detach() @ self.a.detach()


class Larger(nn.Module):
    """`nets.Large` that only reads, its upper layers adapted."""

    def __init__(self, packs: Path) -> None:
        super().__init__()
        self.encoder = Encoder(768, 12, 3072, 30527, 514, 12, mpnet=True)
        state = widen(dict(np.load(packs / "mpnet.npz")))
        self.encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in state.items()}, strict=False)
        self.encoder.requires_grad_(False)
        for layer in self.encoder.layers[:FROZEN]:
            for part in PARTS:
                getattr(layer, part).bfloat16()
        for layer in self.encoder.layers[FROZEN:]:
            for part in PARTS:
                setattr(layer, part, Adapted(getattr(layer, part)))
        self.kinds = nn.Embedding(4, 768)
        nn.init.zeros_(self.kinds.weight)
        self.tokens, self.window = mlp(768, 4), mlp(768, 1)

    def learned(self) -> dict[str, Tensor]:
        """What training changes."""
        return {name: p.data for name, p in self.named_parameters() if p.requires_grad}

    def read(self, ids: Tensor, kinds: Tensor, mask: Tensor, drop: float = 0.0) -> tuple[Tensor, Tensor]:
        """As `nets.Large.read`."""
        with torch.no_grad():
            x, bias = self.encoder.begun(ids, torch.zeros_like(kinds), mask)
            for layer in self.encoder.layers[:FROZEN]:
                x = layer(x, bias, 0.0)
        x = x + self.kinds(kinds)
        for layer in self.encoder.layers[FROZEN:]:
            x = layer(x, bias, drop)
        return self.tokens(x), self.window(x[:, 0]).squeeze(-1)

    def read_packed(self, ids: Tensor, kinds: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The same, without the work on what is no token: only attention sees the rows filled up. A third of a batch is
        filling, for windows beside one question differ in length."""
        at = mask.flatten().nonzero().squeeze(1)
        with torch.no_grad():
            x, bias = self.encoder.begun(ids, torch.zeros_like(kinds), mask)
            x = x.flatten(0, 1)[at].to(bias.dtype)
            for layer in self.encoder.layers[:FROZEN]:
                x = packed_layer(layer, x, at, bias)
        x = x + self.kinds(kinds.flatten()[at])
        for layer in self.encoder.layers[FROZEN:]:
            x = packed_layer(layer, x, at, bias)
        tokens = self.tokens(x)
        whole = tokens.new_zeros(ids.numel(), tokens.shape[-1]).index_copy(0, at, tokens)
        first = mask.sum(1).cumsum(0) - mask.sum(1)
        return whole.unflatten(0, ids.shape), self.window(x[first]).squeeze(-1)


def packed_layer(layer: Layer, x: Tensor, at: Tensor, bias: Tensor) -> Tensor:
    """What `Layer` makes of the states [tokens, width] that stand at the places `at` of rows filled up."""
    rows, heads, length, _ = bias.shape

    def filled(part: nn.Module) -> Tensor:
        given = part(x)
        whole = given.new_zeros(rows * length, given.shape[1]).index_copy(0, at, given)
        return whole.view(rows, length, heads, -1).transpose(1, 2)

    seen = functional.scaled_dot_product_attention(*map(filled, (layer.q, layer.k, layer.v)), attn_mask=bias)
    x = layer.n1(x + layer.o(seen.transpose(1, 2).reshape(rows * length, -1)[at]))
    return layer.n2(x + layer.down(functional.gelu(layer.up(x))))


@torch.no_grad()
def held_out(net: Larger, dev: Packed, most: int = 600) -> str:
    """As `together.read_dev`, of the first so many windows."""
    net.eval()
    first, score, truth = list[bool](), list[float](), list[bool]()
    order = np.argsort(dev.lengths[:most], kind="stable")
    for at in range(0, len(order), 16):
        batch = dev.take(order[at : at + 16])
        with torch.autocast("cpu", torch.bfloat16):
            tokens, _ = net.read_packed(batch["ids"], batch["kinds"], batch["mask"])
        logits, there = sentence_logits(tokens.float(), batch["owners"], batch["labels"].shape[1])
        logits = logits.masked_fill(~there, -1e4)
        asked = (batch["labels"] == 1).any(1) & (there.sum(1) > 1)
        first += (batch["labels"].gather(1, logits.argmax(1, keepdim=True)).squeeze(1) != 0)[asked].tolist()
        known = batch["answerable"] >= 0
        score += logits.max(1).values[known].tolist()
        truth += (batch["answerable"] == 1)[known].tolist()
    net.train()
    return f"right sentence first {np.mean(first):.4f}, AUC {auc(np.array(score), np.array(truth)):.4f}"


def save(net: Larger, file: Path) -> None:
    """The adapter as float16, whole or not at all."""
    part = file.with_suffix(".part.npz")
    np.savez(part, **{name: value.half().numpy() for name, value in net.learned().items()})  # type: ignore[arg-type]
    os.replace(part, file)


def load(net: Larger, file: Path, share: float = 1.0) -> None:
    """Takes an adapter in, or so much of it."""
    with np.load(file) as stored:
        for name, value in net.learned().items():
            value.lerp_(torch.from_numpy(stored[name]).float(), share)


def train(a: argparse.Namespace) -> None:
    """Until the time is over; the adapter is written, and met with the peer's, every few minutes."""
    torch.manual_seed(1)  # every run begins at the same adapter
    torch.set_num_threads(1)
    a.out.mkdir(parents=True, exist_ok=True)
    net = Larger(a.packs)
    if a.start:
        load(net, a.start)
    torch.manual_seed(a.seed)
    mine = a.out / "adapter.npz"
    theirs = a.peer / "adapter.npz" if a.peer else None
    dev = Packed([a.packs / "windows_dev.npz"], "cpu")
    weights = [p for p in net.parameters() if p.requires_grad]
    learn = torch.optim.AdamW(weights, lr=a.lr, betas=(0.9, 0.98), weight_decay=0.01)
    feed = batches(Windows.read(a.packs), np.load(a.packs / "rivals.npy"), a.seed)
    net.train()
    began = told = kept = time.time()
    looked, met = began, 0.0
    step = seen = 0
    while (spent := (time.time() - began) / a.seconds) < 1:
        for group in learn.param_groups:
            group["lr"] = a.lr * min(1.0, (step + 1) / 100) * (1 - spent)
        whole, rows = next(feed)
        for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):  # 16 windows teach as well as 32, and twice
            batch = batch_of(half)
            with torch.autocast("cpu", torch.bfloat16):
                out = net.read_packed(batch["ids"], batch["kinds"], batch["mask"])
            loss = reading_loss(out, batch)
            (loss + among_all(out, batch) if whole else loss).backward()
            nn.utils.clip_grad_norm_(weights, 1.0)
            learn.step()
            learn.zero_grad(set_to_none=True)
            step, seen = step + 1, seen + len(half)
        now = time.time()
        if now - told > 60:
            told = now
            print(
                f"{spent:.0%} {seen:,} windows, {seen / (now - began):.2f} a second, loss {loss.item():.3f}", flush=True
            )
        if now - kept > 240:
            kept = now
            if theirs and theirs.exists() and theirs.stat().st_mtime > met:
                met = theirs.stat().st_mtime
                load(net, theirs, 0.5)
            save(net, mine)
        if now - looked > a.look:
            looked = now
            print(f"after {seen:,} windows:", held_out(net, dev), flush=True)
    save(net, mine)


class Exported(nn.Module):
    """What `qa.models.reader.Reader` runs: the adapter put into the weights, one row at a time."""

    def __init__(self, net: Larger) -> None:
        super().__init__()
        for layer in net.encoder.layers:
            for part in PARTS:
                old = getattr(layer, part)
                new = nn.Linear(old.weight.shape[1], old.weight.shape[0])
                new.weight.data = old.merged() if isinstance(old, Adapted) else old.weight.float()
                new.bias.data = old.bias.float()
                setattr(layer, part, new)
        self.net = net.eval()

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Token numbers [rows, length, 4] and window logits [rows]."""
        return self.net.read(input_ids, token_type_ids, torch.ones_like(input_ids))


def export(a: argparse.Namespace) -> None:
    """An adapter and the weights under it as ONNX: what `qa.models.reader.LastReader` loads."""
    from export import export as write  # late: training needs no onnx
    from export import four_bits

    net = Larger(a.packs)
    load(net, a.adapter)
    example = {"input_ids": torch.randint(999, 2000, (2, 20)), "token_type_ids": torch.randint(0, 4, (2, 20))}
    write(Exported(net), example, ("tokens", "window"), a.out)
    digest = four_bits(a.out)
    print(f"{a.out}  {a.out.stat().st_size / 1e6:.1f} MB  SHA-256 {digest}")


def mean(a: argparse.Namespace) -> None:
    """The mean of several runs' adapters."""
    stored = [np.load(run / "adapter.npz") for run in a.runs]
    arrays = {
        name: np.mean([s[name].astype(np.float32) for s in stored], 0).astype(np.float16) for name in stored[0].files
    }
    np.savez(a.out, **arrays)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    t = commands.add_parser("train", help="train the adapter")
    t.add_argument("packs", type=Path)
    t.add_argument("out", type=Path)
    t.add_argument("--seconds", type=float, default=6000)
    t.add_argument("--lr", type=float, default=3e-4)
    t.add_argument("--seed", type=int, default=1)
    t.add_argument("--start", type=Path, help="an adapter to go on from")
    t.add_argument("--peer", type=Path, help="folder of the run beside this one")
    t.add_argument("--look", type=float, default=1800, help="seconds between looks at held-out windows")
    t.set_defaults(run=train)
    e = commands.add_parser("export", help="write what `qa` reads with")
    e.add_argument("packs", type=Path)
    e.add_argument("adapter", type=Path)
    e.add_argument("--out", type=Path, required=True)
    e.set_defaults(run=export)
    m = commands.add_parser("mean", help="the mean of several runs")
    m.add_argument("runs", type=Path, nargs="+")
    m.add_argument("--out", type=Path, required=True)
    m.set_defaults(run=mean)
    a = parser.parse_args()
    a.run(a)


if __name__ == "__main__":
    main()
