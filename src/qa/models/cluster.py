"""Passages embedded by the machines of a Ray cluster, through llama-index's ingestion for Ray.

Each machine needs `qa` and the same model files. A text's vector is the same wherever it is made, and a batch whose
worker is killed is embedded again by another, so the index ends in the same bytes.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from llama_index.core.schema import TextNode, TransformComponent

from qa.models.embedder import BATCH, Embedder, Vectors
from qa.schema import ConfigError, ModelError

os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # it writes to the terminal what it mends itself
try:
    import ray
    from llama_index.ingestion.ray import RayIngestionPipeline, RayTransformComponent
except ImportError as error:
    raise ConfigError("embedding on a Ray cluster needs Ray; install it with `pip install 'qa[ray]'`") from error

_PATIENCE: Final = 10.0
"""Seconds in which a cluster must answer."""


class EmbeddingOnWorker(TransformComponent):
    """What a worker does with a batch of texts."""

    model: str
    digest: str

    def __call__(self, nodes: Any, **_: Any) -> Any:
        """The same nodes with their vectors."""
        embedder = Embedder.load(self.model)
        if embedder.digest != self.digest:
            raise ModelError(
                f"{socket.gethostname()} has other files of {self.model}; install the same on all machines"
            )
        for node, vector in zip(nodes, embedder.embed_passages([node.text for node in nodes]), strict=True):
            node.embedding = vector.tolist()
        return nodes


class ClusterEmbedder(Embedder):
    """An embedder that spreads passages over a cluster; questions are embedded here.

    Args:
        local: the model.
        address: what `ray.init` takes: "auto", "HOST:6379" from a machine of the cluster, or "ray://HOST:10001".

    Raises:
        ConfigError: nothing answers there.
    """

    at_once = 32_768

    def __init__(self, local: Embedder, address: str) -> None:
        vars(self).update(vars(local))
        host, _, port = address.removeprefix("ray://").rpartition(":")
        try:
            if host:  # Ray itself ends the process where nothing listens
                socket.create_connection((host, int(port)), _PATIENCE).close()
            ray.init(address, log_to_driver=False, logging_level="ERROR", ignore_reinit_error=True)
        except (OSError, ValueError, RuntimeError) as error:  # nothing there; a cluster of another version
            reason = " ".join(str(error).split())
            raise ConfigError(
                f"no Ray cluster answers at {address!r} ({reason}); start one with `ray start --head`, "
                "or leave --ray out: then this machine embeds"
            ) from error
        self._address = address

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """As on one machine, with the default model bit by bit; `progress` is told at the end.

        Raises:
            ModelError: a machine has other model files, or the cluster is gone.
        """
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        workers = ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, int(ray.cluster_resources().get("CPU", 1))))
        spread = RayTransformComponent(
            EmbeddingOnWorker,
            {"batch_size": BATCH, "compute": workers},
            {"model": self.name, "digest": self.digest},
        )
        nodes = [TextNode(text=text, id_=str(row)) for row, text in enumerate(texts)]
        try:
            made = RayIngestionPipeline(transformations=[spread]).run(nodes=nodes)
        except ray.exceptions.RayError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ModelError(
                f"the Ray cluster at {self._address!r} did not embed: {reason}; mend it, run again"
            ) from error
        if progress:
            progress(len(texts))
        by_row = {int(node.id_): node.embedding for node in made}  # they come in any order
        return np.array([by_row[row] for row in range(len(texts))], np.float32)
