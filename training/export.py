"""Torch -> ONNX -> int8, the way all models that ship are made small."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
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


def four_bits(path: Path, block: int = 32) -> str:
    """Writes the int8 products of a model as four bits and, for every `block` inputs of an output, a small factor.

    Their product is an int8 again, made when a session opens (`session.disable_quant_qdq`), so the model runs as
    before: the file is two thirds as large, and what is lost is under what two runs of training differ by (LOG.md).

    Returns:
        SHA-256 of the file.
    """
    model = onnx.load(path)
    stored = {i.name: i for i in model.graph.initializer}
    used = {name for node in model.graph.node if node.op_type == "MatMulInteger" for name in node.input}
    first: list[onnx.NodeProto] = []
    for name in sorted(used & stored.keys()):
        if len(stored[name].dims) != 2 or stored[name].dims[0] % block:
            continue
        fours, factors = _fours(numpy_helper.to_array(stored[name]).astype(np.float32), block)
        pairs = (fours.ravel() & 15).astype(np.uint8).reshape(-1, 2)
        packed = (pairs[:, 0] | pairs[:, 1] << 4).tobytes()
        model.graph.initializer.remove(stored[name])
        model.graph.initializer.append(helper.make_tensor(f"{name}_4", TensorProto.INT4, fours.shape, packed, raw=True))
        model.graph.initializer.append(numpy_helper.from_array(factors.astype(np.float16), f"{name}_by"))
        widened = [f"{name}_4", f"{name}_by"]
        first.append(helper.make_node("DequantizeLinear", widened, [f"{name}_wide"], axis=0, block_size=block))
        first.append(helper.make_node("Cast", [f"{name}_wide"], [name], to=TensorProto.INT8))
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(first + rest)
    for used_set in model.opset_import:
        if used_set.domain == "":
            used_set.version = max(21, used_set.version)  # the first that knows blocks
    onnx.save(model, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _fours(whole: NDArray[np.float32], block: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Numbers -8 to 7 and factors 1 to 18 of blocks of an int8 matrix [inputs, outputs]: of four factors the one that
    is least wrong, for a few large weights are worth less than the many small ones."""
    blocks = whole.reshape(-1, block, whole.shape[1])
    peak = np.abs(blocks).max(1, keepdims=True)
    tried = [np.clip(np.ceil(peak * share / 7), 1, 18) for share in (1.0, 0.9, 0.8, 0.7)]
    numbers = [np.clip(np.rint(blocks / factor), -8, 7) for factor in tried]
    numbers = [np.where(n * factor < -127, n + 1, n) for n, factor in zip(numbers, tried, strict=True)]
    wrong = [((n * f - blocks) ** 2).sum(1, keepdims=True) for n, f in zip(numbers, tried, strict=True)]
    best = np.argmin(wrong, axis=0)[None]
    number = np.take_along_axis(np.stack(numbers), np.broadcast_to(best, (1, *blocks.shape)), 0)[0]
    factor = np.take_along_axis(np.stack(tried), best, 0)[0]
    return number.reshape(whole.shape).astype(np.int8), factor[:, 0]


def restore(net: nn.Module, path: Path) -> None:
    """Sets the parameters of `net` from the ONNX file that `export` wrote of it, int8 widened to float32.

    Weights of linear layers have lost their names on the way; they are told by their order. Tables that are
    not trained (word and position embeddings) stay as they are.

    Raises:
        ValueError: the file is of another net.
    """
    graph = onnx.load(path).graph
    stored = {i.name: numpy_helper.to_array(i) for i in graph.initializer}

    def widened(name: str) -> Tensor:
        base = name.removesuffix("_quantized")
        if base == name:
            return torch.from_numpy(stored[name].copy())
        whole = stored[name].astype(np.float32) - stored[f"{base}_zero_point"].astype(np.float32)
        return torch.from_numpy(whole * stored[f"{base}_scale"])

    used = [name for node in graph.node if node.op_type in ("MatMul", "MatMulInteger", "Gemm") for name in node.input]
    matrices = [n for n in dict.fromkeys(used) if n in stored and stored[n].ndim == 2]
    layers = [(n, m) for n, m in net.named_modules() if isinstance(m, nn.Linear)]
    if len(matrices) != len(layers):
        raise ValueError(f"{path} holds {len(matrices)} matrices, the net {len(layers)}: of another net")
    with torch.no_grad():
        nameless = iter([name for name in matrices if not name.startswith("net.")])
        for layer_name, layer in layers:
            own = f"net.{layer_name}.weight"
            name = next((n for n in (own, f"{own}_quantized") if n in matrices), None) or next(nameless)
            matrix = widened(name)
            layer.weight.copy_(matrix if name == own else matrix.T)  # products keep it as [in, out]
        for name, parameter in net.named_parameters():
            found = next((n for n in (f"net.{name}", f"net.{name}_quantized") if n in stored), None)
            if found and (parameter.ndim == 1 or "token_type" in name):
                parameter.copy_(widened(found))
