"""The layer over modules in TF1 Hub format: trained as the original library trains them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import tensorflow_hub as hub

pytestmark = pytest.mark.keras


@pytest.fixture
def finetuning(tf1_modules):
    """The fine-tuning recipe, with the losses and variables that the original library got."""
    root = tf1_modules / "17_finetuned"
    case = json.loads((root / "case.json").read_text())
    check = next(check for check in case["checks"] if check["api"] == "train")
    expected = {
        key.split("|", 1)[1]: value
        for key, value in np.load(root / "expected.npz").items()
        if key.startswith(check["id"] + "|")
    }
    return root, case, check, expected


def test_weights_of_a_module_with_a_train_variant(kit, tf1_modules):
    layer = kit.KerasLayer(str(tf1_modules / "03_train_variants" / "module"), trainable=True)
    assert layer._is_hub_module_v1
    assert len(layer.trainable_weights) > 0
    assert len(layer.non_trainable_weights) > 0
    layer.trainable = False
    assert layer.trainable_weights == []


def test_the_regularization_losses_of_a_module(kit, tf1_modules):
    layer = kit.KerasLayer(str(tf1_modules / "04_regularization" / "module"), trainable=True)
    assert len(layer.losses) > 0
    assert all(float(loss) > 0 for loss in layer.losses)
    layer.trainable = False
    assert len(layer.losses) == 0


def test_a_text_module_in_sequential(kit, tf1_modules):
    import tensorflow as tf

    layer = kit.KerasLayer(
        str(tf1_modules / "05_text_embedding" / "module"), input_shape=[], dtype=tf.string, trainable=True
    )
    model = kit.keras.Sequential([layer, kit.keras.layers.Dense(1)])
    model.compile("adam", "mse")
    before = [w.numpy().copy() for w in layer.trainable_weights]
    model.fit(tf.constant(["hello world", "good day"]), tf.ones([2, 1]), verbose=0)
    assert any((w.numpy() != b).any() for w, b in zip(layer.trainable_weights, before, strict=True))


def test_fine_tuning_matches_the_original_library(kit, finetuning):
    import tensorflow as tf

    root, case, check, expected = finetuning
    params = check["params"]
    npz = np.load(root / "inputs.npz")
    x = npz[case["inputs"][params["inputs"]]["default"]["npz"][0]]
    y = npz[case["inputs"][params["targets"]]["y"]["npz"][0]]
    layer = kit.KerasLayer(str(root / params["base"]), trainable=True)
    variables = list(layer.resolved_object.trainable_variables)
    losses = []
    for _ in range(params["steps"]):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((layer(x, training=True) - y) ** 2) + tf.add_n([0.0, *layer.losses])
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(params["learning_rate"] * gradient)
        losses.append(float(loss))
    np.testing.assert_allclose(losses, expected["losses"][: len(losses)], rtol=1e-4)
    for variable in layer.resolved_object.variables:
        final = expected[f"final:module/{variable.name.split(':')[0]}"]
        np.testing.assert_allclose(variable, final, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("case_name", ["03_train_variants", "103_train_variants_tf17"])
def test_training_runs_the_train_variant_and_its_updates(tf1_modules, case_name):
    import tensorflow as tf

    module = hub.load(str(tf1_modules / case_name / "module"))
    specs = module.input_specs("default")
    inputs = {name: tf.ones([d or 2 for d in spec.shape], spec.dtype) for name, spec in specs.items()}
    before = {v.name: v.numpy().copy() for v in module.variables}
    module(inputs, training=False)
    assert all(np.array_equal(v.numpy(), before[v.name]) for v in module.variables)
    module(inputs, training=True)
    changed = {v.name for v in module.variables if not np.array_equal(v.numpy(), before[v.name])}
    trained = {v.name for v in module.trainable_variables}
    assert changed
    assert not changed & trained, "one call moves averages only"


def test_gradients_are_those_of_the_graph(tf1_modules):
    import tensorflow as tf

    path = str(tf1_modules / "17_finetuned" / "module")
    module = hub.load(path)
    (spec,) = module.input_specs("default").values()
    x = np.random.default_rng(0).random([d or 4 for d in spec.shape]).astype(np.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(module(x, training=True) ** 2)
    ours = dict(
        zip(
            [v.name for v in module.trainable_variables],
            tape.gradient(loss, list(module.trainable_variables)),
            strict=True,
        )
    )
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loader = tf.compat.v1.saved_model.load(session, ["train"], path)
        signature = loader.signature_def["default"]
        graph = session.graph
        output = graph.get_tensor_by_name(signature.outputs["default"].name)
        variables = tf.compat.v1.trainable_variables()
        gradients = tf.compat.v1.gradients(tf.reduce_mean(output**2), variables)
        feed = {graph.get_tensor_by_name(next(iter(signature.inputs.values())).name): x}
        for variable, gradient in zip(variables, gradients, strict=True):
            if gradient is None:
                assert ours[variable.name] is None
            else:
                value = session.run(tf.convert_to_tensor(gradient), feed)
                np.testing.assert_allclose(ours[variable.name].numpy(), value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("signature", ["default", "image_feature_vector", "image_classification"])
def test_signatures_of_an_image_module(kit, tf1_modules, signature):
    path = str(tf1_modules / "06_image_feature_vector" / "module")
    module = hub.load(path)
    if signature not in module.signatures:
        pytest.skip("the module has no such signature")
    layer = kit.KerasLayer(path, signature=signature, trainable=True)
    (spec,) = module.input_specs(signature).values()
    images = np.zeros([d or 2 for d in spec.shape], np.float32)
    np.testing.assert_allclose(layer(images), module.call_signature(images, signature)["default"])
    as_dict = kit.KerasLayer(path, signature=signature, signature_outputs_as_dict=True)(images)
    assert set(as_dict) == set(module.output_names(signature))


def test_tags_choose_a_variant(kit, tf1_modules):
    layer = kit.KerasLayer(str(tf1_modules / "03_train_variants" / "module"), tags=["train"])
    assert layer.get_config()["tags"] == ["train"]


def test_an_endpoint_of_the_graph(kit, tf1_modules):
    path = str(tf1_modules / "06_image_feature_vector" / "module")
    module = hub.load(path)
    names = [n for n in hub.endpoint_names(module) if "Relu" in n]
    if not names:
        pytest.skip("no such op")
    layer = kit.KerasLayer(path, endpoints=[names[0]], trainable=True)
    (spec,) = module.input_specs("default").values()
    outputs = layer(np.ones([d or 1 for d in spec.shape], np.float32))
    assert names[0] in outputs
    assert "default" in outputs


def test_saving_and_loading(kit, tf1_modules, tmp_path):
    import tensorflow as tf

    layer = kit.KerasLayer(
        str(tf1_modules / "05_text_embedding" / "module"), input_shape=[], dtype=tf.string, trainable=True
    )
    model = kit.keras.Sequential([layer, kit.keras.layers.Dense(1)])
    model.save(str(tmp_path / "m.keras"))
    loaded = kit.keras.models.load_model(str(tmp_path / "m.keras"))
    words = tf.constant(["hello", "day"])
    np.testing.assert_array_equal(loaded(words), model(words))


def test_a_reusable_module_is_saved_as_a_saved_model(tf1_modules, tmp_path):
    import tensorflow as tf

    module = hub.load(str(tf1_modules / "05_text_embedding" / "module"))
    expected = module(["hello", "day"])
    tf.saved_model.save(module, str(tmp_path / "again"), signatures=dict(module.signatures))
    again = tf.saved_model.load(str(tmp_path / "again"))
    np.testing.assert_allclose(
        again.signatures["default"](tf.constant(["hello", "day"]))["default"], expected
    )


def test_prune_makes_a_function_of_a_piece(tf1_modules):
    module = hub.load(str(tf1_modules / "01_linear_scalar" / "module"))
    signature = module._signature("default", False)
    function = module.prune(signature.input_tensors[0], signature.output_tensors[0])
    np.testing.assert_allclose(function([1.0, 2.0]), module([1.0, 2.0]))
