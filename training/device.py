"""Trains on a machine with a GPU what two cores cannot: a large reader and judge, and the two small models from it.

    python training/pack.py FOLDER            here: everything they learn from, as numbers in .npz files
    python device.py FOLDER OUT 430 110       there (torch and NumPy are enough): seconds of teaching, of learning

One encoder (all-mpnet-base-v2, Song et al. 2020) learns both tasks: which sentence answers (heads of `reader.py`) and
whether evidence bears a claim out (four classes). At the same time the six-layer reader and the six-layer judge learn
from the labels and from it (Hinton et al. 2015); afterwards from it alone. Rates fall by the clock, so a wrong guess
of the speed loses nothing. OUT holds int8 weights in pieces of 15 MB: fetch the small ones first.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

SHIFT, BUCKETS = 4, 32
TOKENS, POOL, PIECE = 32768, 12800, 15_000_000
LABELS = ("supported", "partly", "contradicted", "neutral")
Batch = dict[str, Tensor]


# -- nets --------------------------------------------------------------------------------------------------


def own_ids(ids: Tensor) -> Tensor:
    """Token numbers of BERT's vocabulary as MPNet's: the same words, four further on."""
    shifted = ids + SHIFT
    for bert, own in ((101, 0), (102, 2), (0, 1)):
        shifted = torch.where(ids == bert, own, shifted)
    return shifted


def buckets(length: int, device: torch.device) -> Tensor:
    """[length, length]: how far apart two places are, exact up to 8, then in widening steps (as in T5)."""
    place = torch.arange(length, device=device)
    apart = place[None, :] - place[:, None]
    half, exact = BUCKETS // 2, BUCKETS // 4
    size = apart.abs()
    wide = exact + (torch.log(size.clamp(min=1) / exact) / math.log(128 / exact) * (half - exact)).long()
    return torch.where(apart > 0, half, 0) + torch.where(size < exact, size, wide.clamp(max=half - 1))


class Layer(nn.Module):
    """Attention and two products, each added and normalised."""

    def __init__(self, width: int, heads: int, inner: int, eps: float) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.n1, self.n2 = nn.LayerNorm(width, eps=eps), nn.LayerNorm(width, eps=eps)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x: Tensor, bias: Tensor, drop: float) -> Tensor:
        """States to states."""
        q, k, v = (part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.q, self.k, self.v))
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).flatten(2)
        x = self.n1(x + F.dropout(self.o(seen), drop, self.training))
        return self.n2(x + F.dropout(self.down(F.gelu(self.up(x))), drop, self.training))


class Encoder(nn.Module):
    """Ids of BERT's vocabulary, kinds and mask, each [batch, length] -> states [batch, length, width]."""

    def __init__(self, width: int, layers: int, inner: int, words: int, places: int, kinds: int, mpnet: bool) -> None:
        super().__init__()
        eps = 1e-5 if mpnet else 1e-12
        self.mpnet = mpnet
        self.words, self.places, self.kinds = (nn.Embedding(n, width) for n in (words, places, kinds))
        self.norm = nn.LayerNorm(width, eps=eps)
        self.layers = nn.ModuleList(Layer(width, 12, inner, eps) for _ in range(layers))
        if mpnet:
            self.far = nn.Embedding(BUCKETS, 12)
            nn.init.zeros_(self.kinds.weight)  # it knows none: nothing changes until it has learned

    def forward(self, ids: Tensor, kinds: Tensor, mask: Tensor, drop: float = 0.0) -> Tensor:
        """States of the tokens."""
        length = ids.shape[1]
        place = torch.arange(length, device=ids.device) + (2 if self.mpnet else 0)
        x = self.words(own_ids(ids) if self.mpnet else ids) + self.places(place) + self.kinds(kinds)
        x = F.dropout(self.norm(x), drop, self.training)
        bias = torch.zeros(mask.shape, device=x.device).masked_fill(mask == 0, -1e4)[:, None, None, :]
        if self.mpnet:
            bias = bias + self.far(buckets(length, x.device)).permute(2, 0, 1)[None]
        autocast = torch.is_autocast_enabled(x.device.type)
        bias = bias.to(torch.get_autocast_dtype(x.device.type) if autocast else x.dtype)
        bias = bias.expand(len(ids), 12, length, length)
        for layer in self.layers:
            x = layer(x, bias, drop)
        return x


def minilm(kinds: int) -> Encoder:
    """The encoder of all-MiniLM-L6-v2."""
    return Encoder(384, 6, 1536, 30522, 512, kinds, mpnet=False)


def head(width: int, out: int) -> nn.Sequential:
    """Two products."""
    return nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, out))


class Large(nn.Module):
    """Both tasks on one MPNet. Kinds 0 to 3 are the reader's, 4 to 11 those of claim and evidence."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder(768, 12, 3072, 30527, 514, 12, mpnet=True)
        self.tokens, self.window, self.claim = head(768, 4), head(768, 1), head(768, len(LABELS))

    def read(self, b: Batch, drop: float = 0.0) -> tuple[Tensor, Tensor]:
        """Start, end, gate and vote of each token; the logit that the window answers."""
        x = self.encoder(b["ids"], b["kinds"], b["mask"], drop)
        return self.tokens(x), self.window(x[:, 0]).squeeze(-1)

    def judge(self, b: Batch, drop: float = 0.0) -> Tensor:
        """Logits of `LABELS`."""
        return self.claim(self.encoder(b["ids"], b["kinds"] + 4, b["mask"], drop)[:, 0])


class Reader(nn.Module):
    """As `reader.ReaderNet`."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.tokens, self.window = minilm(4), head(384, 4), head(384, 1)

    read = Large.read


class Judge(nn.Module):
    """As `support.Support`, with four classes."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.piece = minilm(8), nn.Linear(384, 1)
        self.verdict = nn.Sequential(nn.Linear(3 * 384 + 1, 384), nn.Tanh(), nn.Linear(384, len(LABELS)))

    def judge(self, b: Batch, drop: float = 0.0) -> Tensor:
        """Logits of `LABELS`."""
        h = self.encoder(b["ids"], b["kinds"], b["mask"], drop)
        claim = ((b["kinds"] >= 4) & (b["mask"] > 0)).to(h.dtype)
        wrong = self.piece(h).squeeze(-1).masked_fill(claim < 0.5, -1e4)
        suspects = (h * wrong.float().softmax(1).to(h.dtype).unsqueeze(-1)).sum(1)
        mean = (h * claim.unsqueeze(-1)).sum(1) / claim.sum(1, keepdim=True).clamp(min=1)
        return self.verdict(torch.cat([h[:, 0], mean, suspects, wrong.max(1, keepdim=True).values.to(h.dtype)], 1))


def squeeze(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """A state dict as int8 with a scale for each 64 numbers; small tensors as they are."""
    out: dict[str, Any] = {}
    for name, tensor in state.items():
        t = tensor.detach().float().cpu()
        if t.numel() < 20_000:
            out[name] = t.numpy()
            continue
        rows = F.pad(t.flatten(), (0, -t.numel() % 64)).view(-1, 64)
        scale = (rows.abs().amax(1).clamp(min=1e-8) / 127).half().float().clamp(min=1e-7)
        out[f"{name}|q"] = (rows / scale[:, None]).round().clamp(-127, 127).to(torch.int8).numpy()
        out[f"{name}|s"], out[f"{name}|n"] = scale.half().numpy(), np.array(t.shape)
    return out


def widen(stored: Mapping[str, Any]) -> dict[str, Tensor]:
    """The state dict that `squeeze` made small."""
    state = {name: torch.from_numpy(np.array(stored[name])) for name in stored if "|" not in name}
    for name in (n.removesuffix("|q") for n in stored if n.endswith("|q")):
        shape = tuple(int(n) for n in stored[f"{name}|n"])
        rows = torch.from_numpy(np.array(stored[f"{name}|q"])).float()
        rows *= torch.from_numpy(np.array(stored[f"{name}|s"])).float()[:, None]
        state[name] = rows.flatten()[: math.prod(shape)].view(shape)
    return state


# -- what is learned from ------------------------------------------------------------------------------------


class Rows:
    """Rows that `pack.py` put end to end."""

    def __init__(self, paths: list[Path], device: str) -> None:
        parts = [np.load(path) for path in paths]
        stored = {name: np.concatenate([p[name] for p in parts]) for name in parts[0].files if name != "names"}
        self.lens = stored["lens"].astype(np.int64)
        self.nlab = stored.get("nlab", self.lens * 0).astype(np.int64)
        self.at = {"token": self._begins(self.lens, device), "label": self._begins(self.nlab, device)}
        whole = {"ids": np.int32, "weight": np.float32, "start": np.int64, "end": np.int64, "ans": np.int64}
        self.columns = {
            name: torch.from_numpy(values.astype(whole.get(name, values.dtype))).to(device)
            for name, values in stored.items()
            if name not in ("lens", "nlab", "kind")
        }

    @staticmethod
    def _begins(sizes: np.ndarray, device: str) -> tuple[Tensor, Tensor]:
        begins = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        return torch.from_numpy(begins).to(device), torch.from_numpy(sizes).to(device)

    def batches(self, seed: int, tokens: int = TOKENS) -> Iterator[np.ndarray]:
        """Places of rows of like length that hold about so many tokens, for ever."""
        rng = np.random.default_rng(seed)
        while True:
            order, out = rng.permutation(len(self.lens)), []
            for first in range(0, len(order), POOL):
                pool = order[first : first + POOL]
                pool = pool[np.argsort(self.lens[pool], kind="stable")]
                size = np.maximum(1, tokens // (-(-self.lens[pool] // 16) * 16))
                i = 0
                while i < len(pool):
                    out.append(pool[i : i + min(512, size[min(i + size[i], len(pool)) - 1])])
                    i += len(out[-1])
            rng.shuffle(out)  # type: ignore[arg-type]
            yield from out

    def take(self, places: np.ndarray) -> Batch:
        """These rows, padded to a multiple of sixteen tokens."""
        rows = torch.as_tensor(np.ascontiguousarray(places), device=self.columns["ids"].device)
        found: Batch = {}
        length = -(-int(self.lens[places].max()) // 16) * 16
        found["ids"], mask = self._padded("ids", "token", rows, length, 0)
        found["kinds"], _ = self._padded("types", "token", rows, length, 0)
        found["mask"] = mask.long()
        if "owners" in self.columns:
            found["owners"], _ = self._padded("owners", "token", rows, length, -1)
            found["labels"], _ = self._padded("labels", "label", rows, int(self.nlab[places].max()), -1)
        for name in ("start", "end", "ans", "label", "weight"):
            if name in self.columns:
                found[name] = self.columns[name][rows]
        found |= {"label": found["label"].long()} if "label" in found else {}
        return found

    def _padded(self, name: str, by: str, rows: Tensor, length: int, fill: int) -> tuple[Tensor, Tensor]:
        values, (begins, sizes) = self.columns[name], self.at[by]
        place = torch.arange(length, device=rows.device)[None]
        mask = place < sizes[rows][:, None]
        return torch.where(mask, values[(begins[rows][:, None] + place).clamp(max=len(values) - 1)], fill).long(), mask


# -- losses ---------------------------------------------------------------------------------------------------


def sentence_logits(tokens: Tensor, owners: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """[batch, count]: each sentence's votes weighed by its gates; and whether it has a token at all."""
    member = owners.unsqueeze(1) == torch.arange(count, device=owners.device).view(1, -1, 1)
    weight = tokens[..., 2].unsqueeze(1).masked_fill(~member, -1e4).softmax(-1)
    return (weight * tokens[..., 3].unsqueeze(1)).sum(-1), member.any(-1)


def read_loss(out: tuple[Tensor, Tensor], b: Batch, soft: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """Of sentences, window, best sentence and span against the labels; half of it, and all against `soft`, if given."""
    tokens, window = (x.float() for x in out)
    labels, answerable, owners = b["labels"], b["ans"], b["owners"]
    logits, present = sentence_logits(tokens, owners, labels.shape[1])
    readable = owners >= 0
    readable[:, 0] = True
    nothing = torch.zeros(len(labels), 1, device=logits.device)
    bce = F.binary_cross_entropy_with_logits

    known, told = labels >= 0, answerable >= 0
    one = bce(logits, labels.clamp(min=0).float(), reduction="none")[known].sum() / len(labels)
    whole = (bce(window, answerable.clamp(min=0).float(), reduction="none") * told).sum() / told.sum().clamp(min=1)
    right = (labels == 1).float()  # several right sentences share the mass
    share = torch.cat([(right.sum(1, keepdim=True) == 0).float(), right / right.sum(1, keepdim=True).clamp(min=1)], 1)
    rank = -(share * torch.cat([nothing, logits.masked_fill(~known, -1e4)], 1).log_softmax(-1)).sum(-1).mean()
    ends = [tokens[..., k].masked_fill(~readable, -1e4) for k in (0, 1)]
    span = sum(
        F.cross_entropy(x, b[name], ignore_index=-1)
        for x, name in zip(ends, ("start", "end"), strict=True)
        if (b[name] >= 0).any()
    )
    hard = one + 0.5 * whole + 0.5 * rank + 0.25 * span
    if soft is None:
        return hard
    theirs, theirs_window = (x.float() for x in soft)
    goal, _ = sentence_logits(theirs, owners, labels.shape[1])
    one = (bce(logits, goal.sigmoid(), reduction="none") * present).sum() / len(labels)
    whole = bce(window, theirs_window.sigmoid())
    mine, goal = (torch.cat([nothing, x.masked_fill(~present, -1e4)], 1) for x in (logits, goal))
    rank = -(goal.softmax(-1) * mine.log_softmax(-1)).sum(-1).mean()
    span = sum(
        -(theirs[..., k].masked_fill(~readable, -1e4).softmax(-1) * x.log_softmax(-1)).sum(-1).mean()
        for k, x in enumerate(ends)
    )
    return 0.5 * hard + one + 0.5 * whole + 0.5 * rank + 0.25 * span


def judge_loss(out: Tensor, b: Batch, soft: Tensor | None = None) -> Tensor:
    """Cross entropy by weight; half of it, and all against `soft`, if given."""
    out = out.float()
    each = F.cross_entropy(out, b["label"], reduction="none", label_smoothing=0.03)
    hard = (each * b["weight"]).sum() / b["weight"].sum()
    if soft is None:
        return hard
    return 0.5 * hard - (soft.float().softmax(-1) * out.log_softmax(-1)).sum(-1).mean()


# -- training ---------------------------------------------------------------------------------------------------


def optimiser(net: nn.Module, lr: float, decay: float) -> torch.optim.AdamW:
    """Each layer learns `decay` times as fast as the one above it; heads and kinds five times as fast as the top."""
    depth = len(net.encoder.layers)
    groups = []
    for name, p in net.named_parameters():
        parts = name.split(".")
        layer = int(parts[2]) if name.startswith("encoder.layers.") else -1
        times = decay ** (depth - 1 - layer) if parts[0] == "encoder" and parts[1] != "kinds" else 5.0
        groups.append({"params": [p], "times": lr * times, "weight_decay": 0.01 if p.ndim > 1 else 0.0})
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)


def step(o: torch.optim.AdamW, net: nn.Module, loss: Tensor, share: float) -> None:
    """One step at a share of the learning rate."""
    for group in o.param_groups:
        group["lr"] = group["times"] * share
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    o.step()
    o.zero_grad(set_to_none=True)


def main() -> None:
    """Teaches, learns, writes the pieces."""
    folder, out, teaching, learning = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(5)
    torch.backends.cuda.matmul.allow_tf32 = True
    device = "cuda" if torch.cuda.is_available() else "cpu"
    questions = Rows(sorted(folder.glob("r[1-9]*.npz")), device)
    claims = Rows([folder / "c.npz"], device)
    nets: dict[str, nn.Module] = {}
    for name, made, stored in (("reader", Reader, "small"), ("judge", Judge, "support"), ("large", Large, "mpnet")):
        nets[name] = made().to(device)
        nets[name].load_state_dict(widen(np.load(folder / f"{stored}.npz")), strict=name != "large")
    rates = {"large": (6e-5, 0.9), "reader": (1.5e-4, 1.0), "judge": (1.5e-4, 1.0)}
    optimisers = {name: optimiser(net, *rates[name]) for name, net in nets.items()}
    asked, claimed = questions.batches(1), claims.batches(2)
    large, n = nets["large"], 0
    for phase, seconds in (("teach", teaching), ("learn", learning)):
        began = told = time.time()
        large.train(phase == "teach")
        while (spent := (time.time() - began) / seconds) < 1:
            warm, n = min(1.0, (n + 1) / 150), n + 1
            judging = n % 5 in (2, 4)
            b = claims.take(next(claimed)) if judging else questions.take(next(asked))
            task, loss_of, small = ("judge", judge_loss, "judge") if judging else ("read", read_loss, "reader")
            with torch.autocast(device, torch.bfloat16), torch.set_grad_enabled(phase == "teach"):
                found = getattr(large, task)(b, 0.1)
            if phase == "teach":
                step(optimisers["large"], large, loss_of(found, b), warm * max(0.02, 1 - spent))
            soft = None if n < 600 else found.detach() if judging else tuple(x.detach() for x in found)
            with torch.autocast(device, torch.bfloat16):
                learned = getattr(nets[small], task)(b, 0.05)
            loss = loss_of(learned, b, soft)
            step(optimisers[small], nets[small], loss, warm * max(0.01, 1 - 0.5 * spent - 0.5 * (phase == "learn")))
            if time.time() - told > 20:
                told = time.time()
                print(f"{phase} {spent:.0%} step {n} {task} loss {loss.item():.3f}", flush=True)
        for name, net in nets.items():  # whatever happens next, this is kept
            np.savez(out / f"{name}.npz", **squeeze(net.state_dict()))
    for name in nets:
        data = (out / f"{name}.npz").read_bytes()
        for i in range(0, len(data), PIECE):
            (out / f"{name}.{i // PIECE:02}").write_bytes(data[i : i + PIECE])
    (out / "done").touch()


if __name__ == "__main__":
    main()
