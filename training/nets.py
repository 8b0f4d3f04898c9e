"""Encoders and heads in plain torch, and their weights packed for the road. Needs torch and numpy alone.

all-mpnet-base-v2 (Song et al. 2020, MPNet) has the vocabulary of BERT, four further on: what the tokenizer cuts,
both encoders read. It knows no segments, so the kinds of token get a table that begins as zeros: four of a question and
its window (`qa.models.reader.Tokens.types`), then eight of evidence and a claim (`qa.models.entailment.encode`).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

SHIFT, BUCKETS, CLAIM_KINDS = 4, 32, 4
BERT_MARKS = ((101, 0), (102, 2), (0, 1))
"""[CLS], [SEP], [PAD] of BERT and what MPNet has in their place."""


def own_ids(ids: Tensor) -> Tensor:
    """Token numbers of BERT's vocabulary as MPNet's."""
    shifted = ids + SHIFT
    for bert, own in BERT_MARKS:
        shifted = torch.where(ids == bert, own, shifted)
    return shifted


def buckets(length: int, device: torch.device) -> Tensor:
    """[length, length]: for each pair how far apart, exact up to 8, then in widening steps (as in T5)."""
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
        """States [rows, length, width]; `bias` is added to the attention's logits."""
        q, k, v = (part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.q, self.k, self.v))
        if self.training:
            seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        else:  # the same in steps that torch.onnx can write down
            seen = (q @ k.transpose(2, 3) / math.sqrt(q.shape[-1]) + bias).softmax(-1) @ v
        x = self.n1(x + functional.dropout(self.o(seen.transpose(1, 2).flatten(2)), drop, self.training))
        return self.n2(x + functional.dropout(self.down(functional.gelu(self.up(x))), drop, self.training))


class Encoder(nn.Module):
    """Ids of BERT's vocabulary, kinds and mask, each [rows, length] -> states [rows, length, width]."""

    def __init__(
        self, width: int, layers: int, inner: int, vocabulary: int, places: int, kinds: int, mpnet: bool
    ) -> None:
        super().__init__()
        eps = 1e-5 if mpnet else 1e-12
        self.mpnet = mpnet
        self.words, self.places = nn.Embedding(vocabulary, width), nn.Embedding(places, width)
        self.kinds = nn.Embedding(kinds, width)
        self.norm = nn.LayerNorm(width, eps=eps)
        self.layers = nn.ModuleList(Layer(width, 12, inner, eps) for _ in range(layers))
        if mpnet:
            self.far = nn.Embedding(BUCKETS, 12)
            nn.init.zeros_(self.kinds.weight)

    def forward(self, ids: Tensor, kinds: Tensor, mask: Tensor, drop: float = 0.0) -> Tensor:
        """`drop`: share of what each layer gives that is left out, in training."""
        x, bias = self.begun(ids, kinds, mask, drop)
        for layer in self.layers:
            x = layer(x, bias, drop)
        return x

    def begun(self, ids: Tensor, kinds: Tensor, mask: Tensor, drop: float = 0.0) -> tuple[Tensor, Tensor]:
        """What goes into the first layer: the states, and what each adds to its attention's logits."""
        length = ids.shape[1]
        place = torch.arange(length, device=ids.device) + (2 if self.mpnet else 0)
        x = self.words(own_ids(ids) if self.mpnet else ids) + self.places(place) + self.kinds(kinds)
        x = functional.dropout(self.norm(x), drop, self.training)
        bias = ((mask == 0) * -1e4)[:, None, None, :]
        if self.mpnet:
            bias = bias + self.far(buckets(length, ids.device)).permute(2, 0, 1)[None]
        bias = bias.to(torch.get_autocast_dtype(x.device.type) if torch.is_autocast_enabled(x.device.type) else x.dtype)
        return x, bias.expand(ids.shape[0], 12, length, length)


def mlp(width: int, out: int) -> nn.Sequential:
    """Two products with a bend between."""
    return nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, out))


class Large(nn.Module):
    """all-mpnet-base-v2 that reads (start, end, gate, vote of each token; does the window answer?) and judges claims
    (supported, partly, contradicted, neutral)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder(768, 12, 3072, 30527, 514, 12, mpnet=True)
        self.tokens, self.window, self.claim = mlp(768, 4), mlp(768, 1), mlp(768, 4)

    def read(self, ids: Tensor, kinds: Tensor, mask: Tensor, drop: float = 0.0) -> tuple[Tensor, Tensor]:
        """Token numbers [rows, length, 4] and window logits [rows]."""
        x = self.encoder(ids, kinds, mask, drop)
        return self.tokens(x), self.window(x[:, 0]).squeeze(-1)

    def judge(self, ids: Tensor, kinds: Tensor, mask: Tensor, drop: float = 0.0) -> Tensor:
        """Logits [rows, 4] of evidence and claim."""
        return self.claim(self.encoder(ids, kinds + CLAIM_KINDS, mask, drop)[:, 0])


class SmallReader(nn.Module):
    """`reader.ReaderNet` with the parameters' names of this module."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder(384, 6, 1536, 30522, 512, 4, mpnet=False)
        self.tokens, self.window = mlp(384, 4), mlp(384, 1)

    def read(self, ids: Tensor, kinds: Tensor, mask: Tensor, drop: float = 0.0) -> tuple[Tensor, Tensor]:
        """As `Large.read`."""
        x = self.encoder(ids, kinds, mask, drop)
        return self.tokens(x), self.window(x[:, 0]).squeeze(-1)


class SmallSupport(nn.Module):
    """`support.Support` with the parameters' names of this module and four classes."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder(384, 6, 1536, 30522, 512, 8, mpnet=False)
        self.piece = nn.Linear(384, 1)
        self.verdict = nn.Sequential(nn.Linear(3 * 384 + 1, 384), nn.Tanh(), nn.Linear(384, 4))

    def judge(self, ids: Tensor, kinds: Tensor, mask: Tensor, drop: float = 0.0) -> Tensor:
        """As `Large.judge`."""
        h = self.encoder(ids, kinds, mask, drop)
        claim = ((kinds >= CLAIM_KINDS) & (mask > 0)).to(h.dtype)
        masked = self.piece(h).squeeze(-1).masked_fill(claim < 0.5, -1e4)
        suspects = (h * torch.softmax(masked.float(), 1).to(h.dtype).unsqueeze(-1)).sum(1)
        mean = (h * claim.unsqueeze(-1)).sum(1) / claim.sum(1, keepdim=True).clamp(min=1)
        return self.verdict(torch.cat([h[:, 0], mean, suspects, masked.max(1, keepdim=True).values.to(h.dtype)], 1))


BERT = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "o": "attention.output.dense", "n1": "attention.output.LayerNorm",
    "up": "intermediate.dense", "down": "output.dense", "n2": "output.LayerNorm",
}  # fmt: skip
MPNET = {
    "q": "attention.attn.q", "k": "attention.attn.k", "v": "attention.attn.v",
    "o": "attention.attn.o", "n1": "attention.LayerNorm",
    "up": "intermediate.dense", "down": "output.dense", "n2": "output.LayerNorm",
}  # fmt: skip


def published(mpnet: bool) -> dict[str, str]:
    """Parameter of an `Encoder` -> its name in transformers' files."""
    found = {
        "words.weight": "embeddings.word_embeddings.weight",
        "places.weight": "embeddings.position_embeddings.weight",
    }
    found |= {f"norm.{end}": f"embeddings.LayerNorm.{end}" for end in ("weight", "bias")}
    if mpnet:
        found["far.weight"] = "encoder.relative_attention_bias.weight"
    else:
        found["kinds.weight"] = "embeddings.token_type_embeddings.weight"
    for n in range(12 if mpnet else 6):
        for own, name in (MPNET if mpnet else BERT).items():
            found |= {f"layers.{n}.{own}.{end}": f"encoder.layer.{n}.{name}.{end}" for end in ("weight", "bias")}
    return found


Arrays = dict[str, NDArray[np.generic]]


def squeeze(state: dict[str, Tensor]) -> Arrays:
    """Weights as int8 with a float16 scale for each 64; small ones as they are."""
    out: Arrays = {}
    for name, tensor in state.items():
        whole = tensor.detach().float().cpu()
        if whole.numel() < 20_000:
            out[name] = whole.numpy()
            continue
        flat = functional.pad(whole.flatten(), (0, -whole.numel() % 64)).view(-1, 64)
        scale = (flat.abs().amax(1).clamp(min=1e-8) / 127).half().float().clamp(min=1e-7)
        out[f"{name}|q"] = (flat / scale[:, None]).round().clamp(-127, 127).to(torch.int8).numpy()
        out[f"{name}|s"] = scale.half().numpy()
        out[f"{name}|n"] = np.array(whole.shape)
    return out


def widen(arrays: Arrays) -> dict[str, Tensor]:
    """What `squeeze` wrote, as float32."""
    state = {name: torch.from_numpy(np.array(value)) for name, value in arrays.items() if "|" not in name}
    for name in [n.removesuffix("|q") for n in arrays if n.endswith("|q")]:
        shape = [int(v) for v in arrays[f"{name}|n"]]
        scale = torch.from_numpy(np.array(arrays[f"{name}|s"])).float()
        whole = torch.from_numpy(np.array(arrays[f"{name}|q"])).float() * scale[:, None]
        state[name] = whole.flatten()[: math.prod(shape)].view(shape)
    return state
