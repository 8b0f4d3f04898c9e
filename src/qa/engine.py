"""The assistant in llama-index's terms: a retriever and a query engine, for pipelines of one's own."""

from __future__ import annotations

from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import Response
from llama_index.core.query_engine import CustomQueryEngine
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

from qa.schema import Hit


class NodeRetriever(BaseRetriever):
    """Passages through llama-index, in the reader's order."""

    def __init__(self, assistant: Any) -> None:
        self._assistant = assistant
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [to_node(hit) for hit in self._assistant.search(query_bundle.query_str)]


class QueryEngine(CustomQueryEngine):
    """Ask through llama-index: the text has markers, `source_nodes` are the cited passages' nodes."""

    assistant: Any

    def custom_query(self, query_str: str) -> Response:
        """The answer as a llama-index response; `metadata` is `Answer.to_dict()`."""
        answer = self.assistant.ask(query_str)
        cited = {citation.passage_id for citation in answer.references}
        nodes = [to_node(hit) for hit in answer.hits if hit.passage.id in cited]
        return Response(response=str(answer), source_nodes=nodes, metadata=answer.to_dict())


def to_node(hit: Hit) -> NodeWithScore:
    """A hit as llama-index carries it."""
    passage = hit.passage
    node = TextNode(
        id_=passage.id,
        text=passage.text,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        metadata={**hit.source.to_dict(), "heading": passage.heading},
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=passage.document_id)},
    )
    node.excluded_embed_metadata_keys = list(node.metadata)
    return NodeWithScore(node=node, score=hit.score)
