"""Train the support model and write what ships: evidence + claim -> supported, neutral, contradicted.

    python training/support.py train --data DATA --run NAME [--start RUN] [--pairs N] [--seed N]
    python training/support.py export --data DATA --run NAME
    python training/support.py count --data DATA

`train` resumes from its last checkpoint when called again. `training/support_bench.py` measures.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads sleep: cores may be shared

import argparse
import random
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from claims import CLEAR, UNSUPPORTED, Example, training_set, written
from data import data_folder
from export import export
from held_claims import dev_claims
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoModel

from qa.models.encoder import plain_tokenizer
from qa.models.entailment import MATCH, encode, pad
from qa.models.files import SHIPPED, minilm_folder

RUNS = Path(__file__).parent / "runs"


def tokenizer() -> Tokenizer:
    """The encoder's tokenizer, as inference uses it."""
    return plain_tokenizer(minilm_folder() / "tokenizer.json")


class Support(nn.Module):
    """MiniLM over (evidence, claim) with two heads: the verdict, and whether a piece of the claim is wrong.

    The verdict sees the first piece, the mean of the claim, the pieces most likely wrong, and how wrong the
    worst of them is: one bad word makes a claim false.
    """

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(
            minilm_folder(),
            attention_probs_dropout_prob=0.0,
            hidden_dropout_prob=0.0,
            add_pooling_layer=False,
        )
        embeddings = self.encoder.embeddings
        old = embeddings.token_type_embeddings.weight.data
        width = old.shape[1]
        table = nn.Embedding(2 * MATCH, width)
        table.weight.data = old[0].repeat(2 * MATCH, 1) + torch.randn(2 * MATCH, width) * 0.01
        embeddings.token_type_embeddings = table
        embeddings.word_embeddings.weight.requires_grad_(False)
        self.piece = nn.Linear(width, 1)
        self.verdict = nn.Sequential(nn.Linear(3 * width + 1, width), nn.Tanh(), nn.Linear(width, classes))

    def forward(
        self, input_ids: Tensor, token_type_ids: Tensor, attention_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Logits (rows, 3) of the verdict, and (rows, length) that a piece is wrong."""
        h = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        claim = (token_type_ids >= MATCH).to(h.dtype)
        wrong = self.piece(h).squeeze(-1)
        masked = wrong.masked_fill(claim < 0.5, -1e4)
        suspects = (h * torch.softmax(masked, 1).to(h.dtype).unsqueeze(-1)).sum(1)
        mean = (h * claim.unsqueeze(-1)).sum(1) / claim.sum(1, keepdim=True).clamp(min=1)
        worst = masked.max(1, keepdim=True).values
        return self.verdict(torch.cat([h[:, 0], mean, suspects, worst], 1)), wrong


def loss_of(verdict: Tensor, wrong: Tensor, label: Tensor, marks: Tensor) -> Tensor:
    """Cross entropy of the class where known, else of supported against the rest; plus that of the pieces."""
    logp = F.log_softmax(verdict.float(), 1)
    rest = torch.logsumexp(logp[:, 1:], 1)
    own = logp.gather(1, label.clamp(max=2).unsqueeze(1)).squeeze(1)
    loss = -torch.where(label == UNSUPPORTED, rest, own).mean()
    known = marks >= 0
    if known.any():
        weight = torch.tensor(3.0)  # wrong pieces are few
        pieces = F.binary_cross_entropy_with_logits(wrong.float()[known], marks[known].float(), pos_weight=weight)
        loss = loss + 0.5 * pieces
    return loss


def tensors(examples: list[Example], tok: Tokenizer) -> tuple[Tensor, ...]:
    """Ids, types, mask, labels, and marks of the pieces: 1 wrong, 0 not, -1 unknown or not of the claim."""
    encoded = encode(tok, [(e.evidence, e.claim) for e in examples])
    ids, mask, types = pad(encoded, 16)  # few shapes: oneDNN keeps a kernel for each
    marks = np.full(ids.shape, -1, np.int64)
    for i, (e, (row, _, start)) in enumerate(zip(examples, encoded, strict=True)):
        if e.bad is None:
            continue
        end = len(row) - 1
        marks[i, start:end] = 0
        offsets = tok.encode(e.claim, add_special_tokens=False).offsets if e.bad else []
        for j, (a, b) in enumerate(offsets[: end - start]):
            marks[i, start + j] = int(any(a < y and b > x for x, y in e.bad))
    label = torch.tensor([e.label for e in examples])
    return (
        torch.from_numpy(ids),
        torch.from_numpy(types),
        torch.from_numpy(mask),
        label,
        torch.from_numpy(marks),
    )


def batches(examples: list[Example], size: int, seed: int) -> list[list[Example]]:
    """Batches of like length in random order, the same for the same seed."""
    rng = random.Random(seed)
    order = list(range(len(examples)))
    rng.shuffle(order)
    out = []
    for i in range(0, len(order), size * 40):
        pool = sorted(order[i : i + size * 40], key=lambda j: len(examples[j].evidence) + len(examples[j].claim))
        out += [pool[k : k + size] for k in range(0, len(pool), size)]
    rng.shuffle(out)
    return [[examples[j] for j in part] for part in out]


def fit(
    model: Support,
    examples: list[Example],
    run: str,
    *,
    lr: float,
    seed: int,
    start: str | None,
    size: int = 32,
) -> None:
    """One pass, warm-up, linear decay; a checkpoint every 200 steps, from which the same call resumes."""
    folder = RUNS / run
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"
    if start:
        model.load_state_dict(torch.load(RUNS / start / "model.pt"))
    tok = tokenizer()
    plan = batches(examples, size, seed)
    fresh = [p for n, p in model.named_parameters() if not n.startswith("encoder.") or "token_type" in n]
    old = [
        p for n, p in model.named_parameters() if n.startswith("encoder.") and "token_type" not in n and p.requires_grad
    ]
    opt = torch.optim.AdamW([{"params": old, "lr": lr}, {"params": fresh, "lr": 3 * lr}], weight_decay=0.01, fused=True)
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
        ids, types, mask, label, marks = tensors(plan[step], tok)
        with torch.autocast("cpu", torch.bfloat16):
            verdict, wrong = model(ids, types, mask)
        loss = loss_of(verdict, wrong, label, marks)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        schedule.step()
        opt.zero_grad(set_to_none=True)
        seen += len(label)
        running = loss.item() if step == done else 0.98 * running + 0.02 * loss.item()
        if (step + 1) % 100 == 0:
            rate = seen / (time.time() - began)
            print(f"{step + 1}/{len(plan)} loss {running:.3f} {rate:.1f} pairs/s", flush=True)
        if (step + 1) % 200 == 0 or step + 1 == len(plan):
            state = {"model": model.state_dict(), "opt": opt.state_dict(), "schedule": schedule.state_dict()}
            torch.save({**state, "step": step + 1}, folder / "checkpoint.tmp")
            (folder / "checkpoint.tmp").replace(checkpoint)
            torch.save(model.state_dict(), folder / "model.pt")


# calibration and export -------------------------------------------------------------------------------


def logits_of(model: Support, pairs: list[tuple[str, str]], size: int = 32) -> Tensor:
    """Logits (pairs, 3)."""
    tok = tokenizer()
    encoded = encode(tok, pairs)
    order = sorted(range(len(pairs)), key=lambda i: len(encoded[i][0]))
    out = torch.zeros(len(pairs), 3)
    model.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for i in range(0, len(order), size):
            part = order[i : i + size]
            ids, mask, types = (torch.from_numpy(x) for x in pad([encoded[j] for j in part], 16))
            out[part] = model(ids, types, mask)[0].float()
    return out


def calibrate(logits: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Scale and shift of the logits that fit the labels best (after Guo et al. 2017, arXiv:1706.04599)."""
    scale, shift = nn.Parameter(torch.ones(1)), nn.Parameter(torch.zeros(3))
    opt = torch.optim.LBFGS([scale, shift], lr=0.5, max_iter=100)

    def closure() -> Tensor:
        opt.zero_grad()
        logp = F.log_softmax(logits * scale + shift, 1)
        own = logp.gather(1, label.clamp(max=2).unsqueeze(1)).squeeze(1)
        loss = -torch.where(label == UNSUPPORTED, torch.logsumexp(logp[:, 1:], 1), own).mean()
        loss.backward()
        return loss

    opt.step(closure)
    return scale.detach(), (shift - shift.mean()).detach()


class Calibrated(nn.Module):
    """What ships: probabilities instead of logits."""

    def __init__(self, model: Support, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities (rows, 3) of the verdict, and (rows, length) that a piece is wrong."""
        verdict, wrong = self.model(input_ids, token_type_ids)
        return torch.softmax(verdict * self.scale + self.shift, 1), torch.sigmoid(wrong)


def write(data: Path, run: str, path: Path) -> None:
    """Calibrates a run on claims it never saw, and writes it as int8 ONNX."""
    model = Support()
    model.load_state_dict(torch.load(RUNS / run / "model.pt"))
    claims = written(data, CLEAR, "dev/nli_val") + dev_claims(data)
    logits = logits_of(model, [(e.evidence, e.claim) for e in claims])
    label = torch.tensor([e.label for e in claims])
    scale, shift = calibrate(logits, label)
    print(f"calibrated on {len(claims)} claims: scale {scale.item():.3f}, shift {shift.tolist()}")
    tok = tokenizer()
    ids, _, types = pad(encode(tok, [("The bridge opened in 2024.", "It opened in 2023."), ("A b.", "C d.")]))
    example = {"input_ids": torch.from_numpy(ids), "token_type_ids": torch.from_numpy(types)}
    path.parent.mkdir(parents=True, exist_ok=True)
    sha256 = export(Calibrated(model, scale, shift), example, ["verdict", "pieces"], path, keep=("verdict", "piece"))
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, SHA-256 {sha256}")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("do", choices=("train", "export", "count"))
    parser.add_argument("--data", help="folder of the training sets")
    parser.add_argument("--run", default="support")
    parser.add_argument("--start", help="a run to begin from")
    parser.add_argument("--lr", type=float, default=1.5e-4)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--pairs", type=int, help="that many of the pairs, drawn by the seed")
    parser.add_argument("--longest", type=int, default=600, help="characters of the longest pair")
    parser.add_argument("--research", action="store_true", help="add the sets shipped weights must not learn from")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=SHIPPED / "weights" / "support.onnx")
    args = parser.parse_args()
    data = data_folder(args.data)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    if args.do == "export":
        return write(data, args.run, args.out)
    model = Support()
    table = model.encoder.embeddings.word_embeddings.weight.detach().numpy()
    examples = training_set(data, args.seed, tokenizer().get_vocab(), table, args.research)
    examples = [e for e in examples if len(e.evidence) + len(e.claim) <= args.longest]
    if args.pairs and args.pairs < len(examples):
        examples = random.Random(args.seed).sample(examples, args.pairs)
    if args.do == "count":
        for (kind, label), n in sorted(Counter((e.kind, e.label) for e in examples).items()):
            print(f"{kind:20} {label} {n}")
        length = np.mean([len(e.evidence + e.claim) for e in examples])
        return print(f"{len(examples)} pairs, {length:.0f} characters on average")
    fit(model, examples, args.run, lr=args.lr, seed=args.seed, start=args.start)


if __name__ == "__main__":
    main()
