"""The assistant as a llama-index query engine."""

from __future__ import annotations

from typing import Any

from llama_index.core.base.response.schema import Response
from llama_index.core.query_engine import CustomQueryEngine

from qa.retrieve import to_node


class QueryEngine(CustomQueryEngine):
    """Ask through llama-index: the text has markers, `source_nodes` are the cited passages' nodes."""

    assistant: Any

    def custom_query(self, query_str: str) -> Response:
        """The answer as a llama-index response; `metadata` is `Answer.to_dict()`."""
        answer = self.assistant.ask(query_str)
        cited = {citation.passage_id for citation in answer.references}
        nodes = [to_node(hit) for hit in answer.hits if hit.passage.id in cited]
        return Response(response=str(answer), source_nodes=nodes, metadata=answer.to_dict())
