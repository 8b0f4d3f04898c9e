"""Torch -> ONNX -> int8, the way all models that ship are made small."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from torch.export import Dim


def export(
    net: nn.Module,
    example: dict[str, Tensor],
    outputs: Sequence[str],
    path: Path,
    int8: bool = True,
    keep: Sequence[str] = (),
    notes: dict[str, str] | None = None,
) -> str:
    """Writes `net` as ONNX and returns the SHA-256 of the file.

    `example` names the inputs, each [rows, length]: both sizes stay free. Weights become int8 with a
    scale for each output channel (one for the whole matrix costs MiniLM a tenth of its cosine);
    activations are scaled while running. Nodes whose name holds a word of `keep` stay as they are.
    An output must not be called "embedding": onnxruntime takes it for a duplicate.
    """
    net.eval()
    rows, length = Dim("rows", min=1, max=512), Dim("length", min=2, max=512)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        torch.onnx.export(
            net,
            kwargs=example,
            f=plain,
            input_names=list(example),
            output_names=list(outputs),
            dynamo=True,
            external_data=False,
            dynamic_shapes={name: {0: rows, 1: length} for name in example},
            verbose=False,
        )
        model = onnx.load(plain)
        for key, value in (notes or {}).items():
            model.metadata_props.add(key=key, value=value)
        for node in model.graph.node:  # traces of this machine's paths and source lines
            del node.metadata_props[:]
            node.doc_string = ""
        del model.graph.value_info[:]  # its shapes of shared initialisers contradict those inferred
        onnx.save(model, plain)
        if int8:
            left = [n.name for n in model.graph.node if any(word in n.name for word in keep)]
            quantize_dynamic(plain, path, weight_type=QuantType.QInt8, per_channel=True, nodes_to_exclude=left)
        else:
            path.write_bytes(plain.read_bytes())
    return hashlib.sha256(path.read_bytes()).hexdigest()
