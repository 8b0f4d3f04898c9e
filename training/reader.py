"""Trains, measures and exports the reader: question + window -> which sentence answers.

    python training/reader.py train --data FOLDER --out training/runs/reader
    python training/reader.py export --data FOLDER --model training/runs/reader --out FILE.onnx
    python training/reader.py evaluate --data FOLDER --model FILE.onnx --on dev bench

One encoder reads `[CLS] question [SEP] heading [SEP] window [SEP]` and gives every token four
numbers (start, end, gate, vote). A sentence's logit is the average of its tokens' votes, weighted
by the softmax of their gates; the window's (does it answer at all?) comes from [CLS]; start and
end mark the short answer as in Devlin et al. 2019, section 4.3, with [CLS] for "no answer".
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch's waiting threads starve each other

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from data import Example, data_folder, own_rows
from examples import describe, reader_examples
from export import export, restore
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertModel
from transformers.utils import logging as hub_logging

from qa.models.encoder import plain_tokenizer
from qa.models.files import minilm_folder
from qa.models.reader import Reader, Tokens, Window
from qa.models.reader import encode as read_tokens


class ReaderNet(nn.Module):
    """Encoder with a token head (start, end, gate, vote) and a window head (answers at all)."""

    def __init__(self) -> None:
        super().__init__()
        hub_logging.set_verbosity_error()
        self.encoder = BertModel.from_pretrained(minilm_folder(), add_pooling_layer=False, attn_implementation="sdpa")
        width = self.encoder.config.hidden_size
        kinds = self.encoder.embeddings.token_type_embeddings.weight.data
        doubled = nn.Embedding(4, width)  # each side, word not on the other side or on both
        doubled.weight.data = kinds.repeat_interleave(2, 0).clone()
        self.encoder.embeddings.token_type_embeddings = doubled
        self.encoder.config.type_vocab_size = 4
        self.tokens = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 4))
        self.window = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Token numbers [batch, length, 4] and window logits [batch]."""
        states = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        return self.tokens(states), self.window(states[:, 0]).squeeze(-1)


@dataclass(slots=True)
class Encoded:
    """An example as the encoder reads it, with what it should say."""

    tokens: Tokens
    labels: list[int]
    start: int = 0  # token of the short answer's start; 0 is [CLS], no answer; -1 unknown
    end: int = 0
    answerable: int = 0


def encode(tokenizer: Tokenizer, e: Example, marked: bool = True) -> Encoded:
    """An example as tokens; sentences that do not fit get no loss. Unmarked: no word is shown to be on both sides."""
    tokens = read_tokens(tokenizer, e.question, Window(e.text, e.sentences, e.heading))[0]
    if not marked:
        tokens = replace(tokens, types=[kind - kind % 2 for kind in tokens.types])
    shown = set(tokens.owners)
    labels = [label if i in shown else -1 for i, label in enumerate(e.labels)]
    out = Encoded(replace(tokens, spans=[]), labels, answerable=e.answerable)  # the spans take much room
    if e.span:
        inside = [
            i
            for i, ((a, b), owner) in enumerate(zip(tokens.spans, tokens.owners, strict=True))
            if owner >= 0 and a < e.span[1] and b > e.span[0]
        ]
        out.start, out.end = (inside[0], inside[-1]) if inside else (-1, -1)
    elif e.answerable != 0:
        out.start = out.end = -1
    return out


def batches(encoded: Sequence[Encoded], size: int, rng: random.Random) -> Iterator[list[int]]:
    """Batches of like length in random order: sorted within pools of fifty batches."""
    order = list(range(len(encoded)))
    rng.shuffle(order)
    out = []
    for at in range(0, len(order), size * 50):
        pool = sorted(order[at : at + size * 50], key=lambda i: len(encoded[i].tokens.ids))
        out += [pool[i : i + size] for i in range(0, len(pool), size)]
    rng.shuffle(out)
    yield from out


def collate(batch: Sequence[Encoded]) -> dict[str, Tensor]:
    """Examples as padded tensors."""
    length = max(len(e.tokens.ids) for e in batch)
    most = max(len(e.labels) for e in batch)

    def padded(values: Sequence[Sequence[int]], to: int, fill: int = 0) -> Tensor:
        return torch.tensor([[*v, *[fill] * (to - len(v))] for v in values])

    return {
        "input_ids": padded([e.tokens.ids for e in batch], length),
        "attention_mask": padded([[1] * len(e.tokens.ids) for e in batch], length),
        "token_type_ids": padded([e.tokens.types for e in batch], length),
        "owners": padded([e.tokens.owners for e in batch], length, -1),
        "labels": padded([e.labels for e in batch], most, -1),
        "start": torch.tensor([e.start for e in batch]),
        "end": torch.tensor([e.end for e in batch]),
        "answerable": torch.tensor([e.answerable for e in batch]),
    }


def sentence_logits(tokens: Tensor, owners: Tensor, count: int) -> Tensor:
    """[batch, count]: each sentence's votes averaged with the softmax of the gates as weights."""
    gate, vote = tokens[..., 2], tokens[..., 3]
    member = owners.unsqueeze(1) == torch.arange(count).view(1, -1, 1)
    weight = gate.unsqueeze(1).masked_fill(~member, -1e4).softmax(-1)
    return (weight * vote.unsqueeze(1)).sum(-1)


def loss_of(net: ReaderNet, batch: dict[str, Tensor]) -> Tensor:
    """Per sentence, per window, among the sentences of a window, and for the short answer's ends."""
    tokens, window = net(batch["input_ids"], batch["attention_mask"], batch["token_type_ids"])
    tokens, window = tokens.float(), window.float()
    labels, answerable = batch["labels"], batch["answerable"]
    logits = sentence_logits(tokens, batch["owners"], labels.shape[1])
    bce = nn.functional.binary_cross_entropy_with_logits
    known = labels >= 0
    per_sentence = bce(logits[known], labels[known].float(), reduction="sum") / len(labels)
    known = answerable >= 0
    per_window = bce(window[known], answerable[known].float())
    # a null of fixed logit 0 competes with the sentences: the best must rise above it
    null = torch.cat([torch.zeros(len(labels), 1), logits.masked_fill(labels < 0, -1e4)], 1)
    target = torch.where((labels == 1).any(1), labels.argmax(1) + 1, 0)
    listwise = nn.functional.cross_entropy(null, target)
    readable = (batch["owners"] >= 0).index_fill(1, torch.tensor([0]), True)
    span = sum(
        nn.functional.cross_entropy(tokens[..., k].masked_fill(~readable, -1e4), batch[name], ignore_index=-1)
        for k, name in enumerate(("start", "end"))
    )
    return per_sentence + 0.5 * per_window + 0.5 * listwise + 0.25 * span


def rate(step: int, spent: float) -> float:
    """Share of the learning rate: up over 40 steps, down in a line to nothing when the time is spent."""
    return min(step / 40, max(0.0, 1 - spent))


def train(a: argparse.Namespace) -> None:
    """Trains, or goes on from the last checkpoint."""
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    own = own_rows(a.questions, a.index) if a.questions else []
    examples = reader_examples(
        data_folder(a.data) if a.share else None, a.seed, a.share, rounds=a.rounds, own=own, longest=a.longest
    )
    print(describe(examples), flush=True)
    tokenizer = plain_tokenizer(minilm_folder() / "tokenizer.json")
    rng = random.Random(a.seed)
    encoded = [encode(tokenizer, e, marked=rng.random() >= a.unmarked) for e in examples]
    del examples
    net = trained(Path(a.start)) if a.start else ReaderNet()
    net.encoder.embeddings.requires_grad_(False)
    net.encoder.embeddings.token_type_embeddings.requires_grad_(True)
    parameters = [p for p in net.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=a.lr, weight_decay=0.01, fused=True)
    step, before = 0, 0.0
    if (out / "state.pt").exists():
        state = torch.load(out / "state.pt", weights_only=True)
        net.load_state_dict(state["net"])
        optimiser.load_state_dict(state["optimiser"])
        step, before = state["step"], state["spent"]
        print(f"resumes at step {step}", flush=True)

    def save() -> None:
        torch.save(
            {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "step": step, "spent": spent()},
            out / "new.pt",
        )
        (out / "new.pt").replace(out / "state.pt")
        save_file(net.state_dict(), out / "model.safetensors")

    def passes() -> Iterator[tuple[int, list[int]]]:
        n = 0
        epoch = 0
        while True:
            for chosen in batches(encoded, a.batch, random.Random(a.seed + epoch)):
                n += 1
                yield n, chosen
            epoch += 1

    def spent() -> float:
        return before + (time.time() - began) / 60 / a.minutes

    began, seen, total = time.time(), 0, 0.0
    net.train()
    for n, chosen in passes():
        if n <= step:
            continue
        if spent() >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = a.lr * rate(n, spent())
        with torch.autocast("cpu", torch.bfloat16, enabled=a.bf16):
            loss = loss_of(net, collate([encoded[i] for i in chosen]))
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        step, seen, total = n, seen + len(chosen), total + loss.item()
        if n % 25 == 0:
            pace = seen / (time.time() - began)
            print(f"step {n}  {spent():.0%}  loss {total / 25:.4f}  {seen:,} windows, {pace:.1f} a second", flush=True)
            total = 0.0
        if n % a.save == 0:
            save()
    save()
    print(f"minutes {(time.time() - began) / 60:.1f}", flush=True)


def trained(place: Path) -> ReaderNet:
    """The net of a training run (a folder), or of exported weights (an ONNX file)."""
    net = ReaderNet()
    if place.suffix == ".onnx":
        restore(net, place)
    else:
        net.load_state_dict(load_file(place / "model.safetensors"))
    return net.eval()


def between(net: ReaderNet, base: ReaderNet, share: float) -> None:
    """Moves `net` towards the net its training began from: less is forgotten (Wortsman et al. 2022, WiSE-FT)."""
    with torch.no_grad():
        for mine, before in zip(net.parameters(), base.parameters(), strict=True):
            mine.copy_((1 - share) * before + share * mine)


@torch.no_grad()
def logits_of(net: ReaderNet, encoded: Sequence[Encoded]) -> tuple[list[Tensor], Tensor]:
    """Sentence logits of each example, and window logits."""
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].tokens.ids))
    sentences: list[Tensor] = [torch.empty(0)] * len(encoded)
    windows = torch.zeros(len(encoded))
    for at in range(0, len(order), 32):
        chosen = order[at : at + 32]
        batch = collate([encoded[i] for i in chosen])
        tokens, window = net(batch["input_ids"], batch["attention_mask"], batch["token_type_ids"])
        scores = sentence_logits(tokens.float(), batch["owners"], batch["labels"].shape[1])
        for row, i in enumerate(chosen):
            sentences[i] = scores[row, : len(encoded[i].labels)]
        windows[chosen] = window.float()
    return sentences, windows


def calibrate(logits: Tensor, labels: Tensor) -> tuple[float, float]:
    """Scale and shift of the logits with the least log loss (Platt 1999)."""
    scale, shift = torch.ones(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([scale, shift], lr=0.5, max_iter=100)

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(logits * scale + shift, labels)
        loss.backward()
        return loss

    optimiser.step(closure)
    return scale.item(), shift.item()


def calibration_error(probability: Tensor, labels: Tensor, bins: int = 10) -> float:
    """Expected calibration error, bins of equal width (Guo et al. 2017)."""
    which = (probability * bins).long().clamp(max=bins - 1)
    return sum(
        (probability[which == b].mean() - labels[which == b].mean()).abs().item() * (which == b).float().mean().item()
        for b in range(bins)
        if (which == b).any()
    )


class ByRow(nn.Module):
    """Embeddings as int8 with a scale for each row; onnxruntime's own way has one for the whole table."""

    def __init__(self, table: nn.Embedding) -> None:
        super().__init__()
        scale = table.weight.data.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
        self.register_buffer("scale", scale)
        self.register_buffer("rows", (table.weight.data / scale).round().to(torch.int8))

    def forward(self, ids: Tensor) -> Tensor:
        """Vectors of the ids."""
        return self.rows[ids].float() * self.scale[ids]


class Shipped(nn.Module):
    """The net as it ships: no padding, so no mask."""

    def __init__(self, net: ReaderNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """As `ReaderNet.forward`."""
        return self.net(input_ids, torch.ones_like(input_ids), token_type_ids)


def fold_calibration(net: ReaderNet, data: Path, seed: int) -> None:
    """Makes sigmoids of the two logits probabilities, on the held-out articles; folded into the last layers."""
    tokenizer = plain_tokenizer(minilm_folder() / "tokenizer.json")
    held_out = reader_examples(data, seed, held_out=True, rounds=1)[:1500]
    encoded = [encode(tokenizer, e) for e in held_out]
    sentences, windows = logits_of(net, encoded)
    votes = torch.cat(sentences)
    labels = torch.tensor([label for e in encoded for label in e.labels])
    answerable = torch.tensor([e.answerable for e in encoded])
    for name, logits, truth, layer, row in (
        ("sentence", votes, labels, net.tokens[2], 3),
        ("window", windows, answerable, net.window[2], 0),
    ):
        logits, truth = logits[truth >= 0], truth[truth >= 0].float()
        before = calibration_error(logits.sigmoid(), truth)
        scale, shift = calibrate(logits, truth)
        after = calibration_error((logits * scale + shift).sigmoid(), truth)
        print(f"{name}: scale {scale:.3f} shift {shift:+.3f}; calibration error {before:.3f} -> {after:.3f}")
        with torch.no_grad():
            layer.weight[row] *= scale
            layer.bias[row] = layer.bias[row] * scale + shift


def ship(a: argparse.Namespace) -> None:
    """Calibrates, if there are held-out articles to do it on, and writes ONNX."""
    torch.set_num_threads(a.threads)
    net = trained(Path(a.model))
    if a.base:
        between(net, trained(Path(a.base)), a.share)
    if a.data:
        fold_calibration(net, data_folder(a.data), a.seed)
    if a.int8:
        embeddings = net.encoder.embeddings
        embeddings.word_embeddings = ByRow(embeddings.word_embeddings)
        embeddings.position_embeddings = ByRow(embeddings.position_embeddings)
    example = {
        "input_ids": torch.randint(1000, 2000, (2, 40)),
        "token_type_ids": torch.randint(0, 4, (2, 40)),
    }
    out = Path(a.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    notes = {
        "task": "question + window -> start, end, gate, vote per token; answerable",
        "card": "training/cards/reader.md",
    }
    digest = export(Shipped(net), example, ("tokens", "window"), out, a.int8, a.keep, notes)
    print(f"{out}  {out.stat().st_size / 1e6:.1f} MB  SHA-256 {digest}")


def evaluate(a: argparse.Namespace) -> None:
    """Prints what an ONNX file scores."""
    from measure import report  # late: only this command needs its packages

    report(Reader.load(Path(a.model)), data_folder(a.data), a.on, a.around, a.title)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    t = commands.add_parser("train", help="train, or go on from the last checkpoint in --out")
    t.add_argument("--data")
    t.add_argument("--out", default="training/runs/reader")
    t.add_argument("--share", type=float, default=1.0, help="of the public sets; 0: your own questions alone")
    t.add_argument("--longest", type=int, default=180, help="words of a window")
    t.add_argument("--save", type=int, default=400, help="steps between checkpoints")
    t.add_argument("--questions", type=Path, help="questions on your own documents, as `qa eval add` writes them")
    t.add_argument("--index", type=Path, default=Path("index"), help="the index of these documents")
    t.add_argument("--start", help="training run (folder) or shipped weights (.onnx) to begin from, instead of MiniLM")
    t.add_argument("--minutes", type=float, default=60, help="to train; the learning rate falls to 0 by then")
    t.add_argument("--batch", type=int, default=24)
    t.add_argument("--rounds", type=int, default=3, help="windows cut for each question")
    t.add_argument("--unmarked", type=float, default=0.12, help="share of windows read without marks of shared words")
    t.add_argument("--lr", type=float, default=1.5e-4)
    t.add_argument("--seed", type=int, default=13)
    t.add_argument("--threads", type=int, default=1)
    t.add_argument("--bf16", action=argparse.BooleanOptionalAction, default=True)
    t.set_defaults(run=train)
    x = commands.add_parser("export", help="calibrate, quantise, write ONNX")
    x.add_argument("--data", default=os.environ.get("QA_TRAINING_DATA"), help="to calibrate on; without: as it is")
    x.add_argument("--model", default="training/runs/reader", help="folder of a training run")
    x.add_argument("--base", help="what the run began from: weights between the two are exported")
    x.add_argument("--share", type=float, default=0.75, help="of the run, where --base is given")
    x.add_argument("--out", default="src/qa/models/weights/reader.onnx")
    x.add_argument("--int8", action=argparse.BooleanOptionalAction, default=True)
    x.add_argument("--keep", nargs="*", default=[], help="nodes not quantised, by part of the name")
    x.add_argument("--seed", type=int, default=13)
    x.add_argument("--threads", type=int, default=1)
    x.set_defaults(run=ship)
    e = commands.add_parser("evaluate", help="measure an ONNX file as `qa` runs it")
    e.add_argument("--data")
    e.add_argument("--model", default="src/qa/models/weights/reader.onnx")
    e.add_argument("--on", nargs="+", choices=("dev", "bench"), default=["dev"])
    e.add_argument("--around", nargs="+", type=int, default=[0, 1], help="neighbours on each side; 0: all")
    e.add_argument("--title", action=argparse.BooleanOptionalAction, default=True, help="read the title along")
    e.set_defaults(run=evaluate)
    a = parser.parse_args()
    a.run(a)


if __name__ == "__main__":
    main()
