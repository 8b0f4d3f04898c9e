"""The graphs of all-MiniLM-L6-v2's encoder for onnxruntime, without weights: they stay in `model.safetensors`.

    python -m training.embedder            writes src/qa/models/weights/embedder.onnx and embedder-int8.onnx

BERT (Devlin et al. 2019, arXiv:1810.04805) for one text at a time, so without mask; mean pooling and length one, as
the model was published. An initializer names the bytes of its tensor in `model.safetensors`, which onnxruntime reads
as external data; so nothing is shipped twice, and the pinned digest of the weights holds for both.

The second graph, for passages, multiplies in eight bits: it holds the steps that round the weights, which onnxruntime
works out once, when it is loaded. Seven bits a weight, for on processors without VNNI two products of eight would not
fit into the sum that is kept of them: the same vectors come out on all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

from qa.models.files import SHIPPED, minilm_folder

WEIGHTS = "model.safetensors"


TOP = 63.0
"""The largest weight of eight-bit layers."""


class Graph:
    """Nodes and initializers as they are added.

    Args:
        int8: layers multiply in eight bits: the input by its own range each time, weights by that of each output.
    """

    def __init__(self, folder: Path, int8: bool) -> None:
        self.int8 = int8
        with (folder / WEIGHTS).open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            self.tensors: dict[str, Any] = json.loads(file.read(size))
        self.base = 8 + size
        self.nodes: list[onnx.NodeProto] = []
        self.values: dict[str, onnx.TensorProto] = {}

    def weight(self, name: str) -> str:
        """An initializer whose bytes lie in the safetensors file."""
        if name not in self.values:
            about = self.tensors[name]
            start, end = about["data_offsets"]
            tensor = onnx.TensorProto(name=name, data_type=TensorProto.FLOAT, dims=about["shape"])
            tensor.data_location = TensorProto.EXTERNAL
            where = {"location": WEIGHTS, "offset": str(self.base + start), "length": str(end - start)}
            for key, value in where.items():
                tensor.external_data.add(key=key, value=value)
            self.values[name] = tensor
        return name

    def constant(self, name: str, kind: int, dims: list[int], values: list[float]) -> str:
        """A small initializer of its own."""
        self.values.setdefault(name, helper.make_tensor(name, kind, dims, values))
        return name

    def ints(self, *values: int) -> str:
        """Shape or axes."""
        return self.constant(f"ints{values}", TensorProto.INT64, [len(values)], list(values))

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """One node; its only output's name."""
        out = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def linear(self, x: str, name: str) -> str:
        """x W' + b."""
        weight, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        if not self.int8:
            return self.op("Gemm", x, weight, bias, transB=1)
        top, low = (self.constant(n, TensorProto.FLOAT, [], [v]) for n, v in (("top", TOP), ("low", -TOP)))
        weight = self.op("Transpose", weight, perm=[1, 0])
        scale = self.op("Div", self.op("ReduceMax", self.op("Abs", weight), self.ints(0), keepdims=0), top)
        whole = self.op("Clip", self.op("Round", self.op("Div", weight, scale)), low, top)
        rounded = self.op("Cast", whole, to=TensorProto.INT8)
        return self.op("DynamicQuantizeMatMul", x, rounded, scale, "", bias, domain="com.microsoft")

    def norm(self, x: str, name: str, epsilon: float) -> str:
        """Layer normalization."""
        parts = (self.weight(f"{name}.weight"), self.weight(f"{name}.bias"))
        return self.op("LayerNormalization", x, *parts, axis=-1, epsilon=epsilon)


def build(folder: Path, *, int8: bool = False) -> onnx.ModelProto:
    """ids (tokens,) -> vector (dimension,)."""
    config = json.loads((folder / "config.json").read_text())
    heads, size = config["num_attention_heads"], config["hidden_size"]
    depth, epsilon = size // heads, config["layer_norm_eps"]
    g = Graph(folder, int8)
    length = g.op("Shape", "ids")
    positions = g.op("Slice", g.weight("embeddings.position_embeddings.weight"), g.ints(0), length, g.ints(0))
    kind = g.op("Slice", g.weight("embeddings.token_type_embeddings.weight"), g.ints(0), g.ints(1), g.ints(0))
    x = g.op("Gather", g.weight("embeddings.word_embeddings.weight"), "ids", axis=0)
    x = g.norm(g.op("Add", g.op("Add", x, positions), kind), "embeddings.LayerNorm", epsilon)
    scale = g.constant("scale", TensorProto.FLOAT, [], [depth**-0.5])
    half, one = (g.constant(n, TensorProto.FLOAT, [], [v]) for n, v in (("half", 0.5), ("one", 1.0)))
    root = g.constant("root", TensorProto.FLOAT, [], [2**0.5])
    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}"
        q, k, v = (
            g.op("Reshape", g.linear(x, f"{at}.attention.self.{part}"), g.ints(0, heads, depth))
            for part in ("query", "key", "value")
        )
        q, v = (g.op("Transpose", one_, perm=[1, 0, 2]) for one_ in (q, v))
        k = g.op("Transpose", k, perm=[1, 2, 0])
        attention = g.op("Softmax", g.op("Mul", g.op("MatMul", q, k), scale), axis=-1)
        seen = g.op("Transpose", g.op("MatMul", attention, v), perm=[1, 0, 2])
        seen = g.linear(g.op("Reshape", seen, g.ints(0, size)), f"{at}.attention.output.dense")
        x = g.norm(g.op("Add", x, seen), f"{at}.attention.output.LayerNorm", epsilon)
        inner = g.linear(x, f"{at}.intermediate.dense")
        gelu = g.op("Add", g.op("Erf", g.op("Div", inner, root)), one)
        inner = g.op("Mul", g.op("Mul", inner, gelu), half)
        out = g.linear(inner, f"{at}.output.dense")
        x = g.norm(g.op("Add", x, out), f"{at}.output.LayerNorm", epsilon)
    mean = g.op("ReduceMean", x, g.ints(0), keepdims=0)
    norm = g.op("ReduceL2", mean, g.ints(0), keepdims=1)
    g.nodes.append(helper.make_node("Div", [mean, norm], ["vector"]))
    graph = helper.make_graph(
        g.nodes,
        "all-MiniLM-L6-v2",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["tokens"])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, [size])],
        list(g.values.values()),
    )
    sets = [helper.make_opsetid("", 18), *([helper.make_opsetid("com.microsoft", 1)] if int8 else [])]
    return helper.make_model(graph, opset_imports=sets, ir_version=9)


def main() -> None:
    """Write the graphs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=SHIPPED / "weights")
    folder = parser.parse_args().out
    for name, int8 in (("embedder.onnx", False), ("embedder-int8.onnx", True)):
        out = folder / name
        out.write_bytes(build(minilm_folder(), int8=int8).SerializeToString(deterministic=True))
        print(out, out.stat().st_size, hashlib.sha256(out.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
