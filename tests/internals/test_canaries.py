"""Each private name that the library uses, called on this release of TensorFlow.

A canary fails by the name of the function in `tensorflow_hub.internals` that no longer does what it says.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import tempfile

import pytest
import tensorflow as tf

from tensorflow_hub import internals

pytestmark = [pytest.mark.tf1, pytest.mark.keras]

RELEASE = tuple(map(int, tf.__version__.split(".")[:2]))
CANARIES = {}


def canary(name):
    """Registers the check of one function or class, `module.name`."""

    def add(check):
        CANARIES[name] = check
        return check

    return add


def modules():
    names = {module.name for module in pkgutil.iter_modules(internals.__path__)}
    if RELEASE < (2, 16):
        names -= {"keras3"}
    return {name: importlib.import_module(f"{internals.__name__}.{name}") for name in names - {"missing"}}


def graph_op(make):
    with tf.Graph().as_default() as graph:
        return make(), graph


@canary("ops.op_definition")
def _():
    from tensorflow_hub.internals.ops import op_definition

    assert op_definition("VarHandleOp").is_stateful
    assert [output.name for output in op_definition("Add").output_arg] == ["z"]
    assert op_definition("NoSuchOp") is None


@canary("ops.set_device")
def _():
    from tensorflow_hub.internals.ops import set_device

    tensor, _ = graph_op(lambda: tf.constant(1))
    set_device(tensor.op, "/device:CPU:0")
    assert tensor.op.device == "/device:CPU:0"


@canary("ops.set_attribute")
def _():
    from tensorflow.core.framework import attr_value_pb2

    from tensorflow_hub.internals.ops import set_attribute

    tensor, _ = graph_op(lambda: tf.constant(1))
    set_attribute(tensor.op, "_class", attr_value_pb2.AttrValue(list={"s": [b"loc:@x"]}))
    assert tensor.op.get_attr("_class") == [b"loc:@x"]


@canary("ops.is_reference")
def _():
    from tensorflow_hub.internals.ops import is_reference

    variable, _ = graph_op(lambda: tf.compat.v1.Variable(1.0, use_resource=False))
    assert is_reference(variable._ref() if hasattr(variable, "_ref") else variable.op.outputs[0])
    assert not is_reference(tf.constant(1))


@canary("ops.is_in_control_flow")
def _():
    from tensorflow_hub.internals.ops import is_in_control_flow

    found = []

    def body(i):
        found.append(is_in_control_flow(tf.compat.v1.get_default_graph()))
        return i + 1

    with tf.Graph().as_default() as graph:
        assert not is_in_control_flow(graph)
        enabled = tf.compat.v1.control_flow_v2_enabled()
        tf.compat.v1.disable_control_flow_v2()
        try:
            tf.compat.v1.while_loop(lambda i: i < 3, body, [0])
        finally:
            if enabled:
                tf.compat.v1.enable_control_flow_v2()
    assert found == [True]


@canary("ops.reader_of_collection")
def _():
    from tensorflow_hub.internals.ops import reader_of_collection

    key = tf.compat.v1.GraphKeys.GLOBAL_VARIABLES
    with tf.Graph().as_default():
        variable = tf.compat.v1.get_variable("v", initializer=1.0, use_resource=True)
        again = reader_of_collection(key)(variable.to_proto())
    assert again.name == variable.name
    assert reader_of_collection(tf.compat.v1.GraphKeys.WHILE_CONTEXT) is not None


@canary("gradients.gradient_registry")
def _():
    from tensorflow_hub.internals.gradients import gradient_registry

    @tf.RegisterGradient("OfACanary")
    def gradient(op, upstream):
        return upstream

    assert "OfACanary" in gradient_registry()
    gradient_registry().pop("OfACanary")
    tf.RegisterGradient("OfACanary")(gradient)  # is free again
    gradient_registry().pop("OfACanary")


@canary("gradients.is_of_loader")
def _():
    from tensorflow_hub.internals.gradients import gradient_registry, is_of_loader

    @tf.custom_gradient
    def twice(x):
        return 2.0 * x, lambda upstream: 2.0 * upstream

    class Model(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
        def __call__(self, x):
            return twice(x)

    before = set(gradient_registry())
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(
            Model(), folder, options=tf.saved_model.SaveOptions(experimental_custom_gradients=True)
        )
        traced = set(gradient_registry()) - before
        loaded = tf.saved_model.load(folder)
    added = set(gradient_registry()) - before - traced
    assert loaded(3.0) == 6.0
    assert traced
    assert added
    assert not any(is_of_loader(gradient_registry()[name]) for name in traced)
    assert all(is_of_loader(gradient_registry()[name]) for name in added)


@canary("gradients.not_recorded")
def _():
    from tensorflow_hub.internals.gradients import not_recorded

    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        seen = x * x
        with not_recorded():
            unseen = x * x
    assert tape.gradient(seen, x) == 6.0
    assert tape.gradient(unseen, x) is None


@canary("gradients.handle_data_of")
def _():
    from tensorflow_hub.internals.gradients import handle_data_of

    with tf.Graph().as_default():
        handle = tf.compat.v1.get_variable("v", initializer=[1.0, 2.0], use_resource=True).handle
        held = handle_data_of(handle)
        assert handle_data_of(tf.compat.v1.placeholder(tf.resource)) is None
    assert tf.as_dtype(held.dtype) == tf.float32
    assert tf.TensorShape(held.shape) == [2]


@canary("gradients.copy_handle_data")
def _():
    from tensorflow_hub.internals.gradients import copy_handle_data, handle_data_of

    with tf.Graph().as_default():
        source = tf.compat.v1.get_variable("v", initializer=[1.0, 2.0], use_resource=True).handle
        target = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[])
        copy_handle_data(source, target)
    assert tf.TensorShape(handle_data_of(target).shape) == [2]


def double(x):
    return 2 * x


@canary("functions.register_functions")
def _():
    from tensorflow.python.eager import context

    from tensorflow_hub.internals.functions import register_functions

    inner = tf.function(double).get_concrete_function(tf.TensorSpec([], tf.float32)).function_def
    inner = type(inner).FromString(inner.SerializeToString())
    inner.signature.name = "function_of_a_canary"
    for _ in range(2):
        register_functions([inner])
    assert context.context().has_function("function_of_a_canary")


@canary("functions.with_constants")
def _():
    from tensorflow_hub.internals.functions import with_constants

    variable = tf.Variable(3.0)
    function = tf.function(lambda x: x * variable).get_concrete_function(tf.TensorSpec([], tf.float32))
    graph_def, count = with_constants(function)
    assert count == 1
    assert not any(node.op == "ReadVariableOp" for node in graph_def.node)


@canary("type_specs.write_type_spec")
def _():
    from tensorflow_hub.internals.type_specs import read_type_spec, write_type_spec

    for spec in (tf.RaggedTensorSpec([None, None], tf.int32), tf.SparseTensorSpec([None, 3], tf.float32)):
        assert read_type_spec(write_type_spec(spec)) == spec


@canary("type_specs.read_type_spec")
def _():
    from tensorflow_hub.internals.type_specs import read_type_spec, write_type_spec

    proto = write_type_spec(tf.RaggedTensorSpec([None, None], tf.int32))
    proto.type_spec_class, proto.type_spec_class_name = 0, "NoSuchSpec"
    with pytest.raises(ValueError, match="."):
        read_type_spec(proto)


@canary("trackables.TrackableObject")
def _(tmp_path):
    from tensorflow_hub.internals.trackables import TrackableObject

    class WithSavedFunctions(TrackableObject):
        def __init__(self):
            self.v = tf.Variable(1.0)
            self.hidden = self.untracked([object()])

        def saved_functions(self):
            return {
                "later": tf.function(lambda x: x * self.v, input_signature=[tf.TensorSpec([], tf.float32)])
            }

    kept = WithSavedFunctions()
    assert "hidden" not in tf.train.TrackableView.children(kept)
    tf.saved_model.save(kept, str(tmp_path / "saved"))
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    assert loaded.later(2.0) == 2.0
    assert loaded.v == 1.0


@canary("trackables.is_saved_resource")
def _():
    from tensorflow_hub.internals.trackables import is_saved_resource

    initializer = tf.lookup.KeyValueTensorInitializer(["a"], [1])
    assert is_saved_resource(tf.lookup.StaticHashTable(initializer, 0))
    assert is_saved_resource(tf.saved_model.Asset(__file__))
    assert not is_saved_resource(tf.Variable(1.0))


@canary("saving.signature_map")
def _(tmp_path):
    from tensorflow_hub.internals.saving import signature_map

    inner = tf.Module()
    function = tf.function(lambda x: {"y": 2 * x}, input_signature=[tf.TensorSpec([], tf.float32, "x")])
    inner.signatures = signature_map({"twice": function.get_concrete_function()})
    outer = tf.Module()
    outer.inner = inner
    tf.saved_model.save(outer, str(tmp_path / "saved"))
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    assert loaded.inner.signatures["twice"](tf.constant(1.0))["y"] == 2.0


@canary("saving.is_looking_for_signature")
def _(tmp_path):
    from tensorflow_hub.internals.saving import is_looking_for_signature
    from tensorflow_hub.internals.trackables import TrackableObject

    seen = []

    class SignatureProbe(TrackableObject):
        def saved_functions(self):
            seen.append(is_looking_for_signature())
            return {}

    assert not is_looking_for_signature()
    tf.saved_model.save(SignatureProbe(), str(tmp_path / "without"))
    assert any(seen)
    seen.clear()
    function = tf.function(double, input_signature=[tf.TensorSpec([], tf.float32)])
    tf.saved_model.save(SignatureProbe(), str(tmp_path / "with"), signatures=function.get_concrete_function())
    assert seen
    assert not any(seen)


@canary("variables.make_trainable")
def _():
    from tensorflow_hub.internals.variables import make_trainable

    variable = tf.Variable(1.0, trainable=False)
    make_trainable(variable)
    with tf.GradientTape() as tape:
        loss = variable * 2.0
    assert variable.trainable
    assert tape.gradient(loss, variable) == 2.0


@canary("variables.note_no_strategy")
def _():
    from tensorflow_hub.internals.variables import note_no_strategy

    with tf.Graph().as_default():
        variable = tf.compat.v1.get_variable("v", initializer=1.0, use_resource=False)
        note_no_strategy(variable)
    assert variable._distribute_strategy is None


@canary("columns.DenseColumn")
def _():
    from tensorflow_hub.internals.columns import DenseColumn

    class Twice(DenseColumn):
        name, key, variable_shape = "twice", "x", tf.TensorShape([1])

        @property
        def parse_example_spec(self):
            return {"x": tf.io.FixedLenFeature([1], tf.float32)}

        @property
        def parents(self):
            return ["x"]

        def transform_feature(self, transformation_cache, state_manager):
            return transformation_cache.get("x", state_manager)

        def get_dense_tensor(self, transformation_cache, state_manager):
            return 2.0 * transformation_cache.get(self, state_manager)

        def dense_tensor_in_graph(self, inputs, trainable):
            assert trainable
            return 2.0 * inputs.get(self)

        def get_config(self):
            return {}

        @classmethod
        def from_config(cls, config, custom_objects=None, columns_by_name=None):
            return cls()

    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        layer = v1.feature_column.input_layer({"x": tf.constant([[3.0]])}, [Twice()])
        assert session.run(layer).tolist() == [[6.0]]
    assert list(v1.feature_column.make_parse_example_spec([Twice()])) == ["x"]
    from tensorflow_hub.internals.keras2 import keras

    assert keras.layers.DenseFeatures([Twice()])({"x": tf.constant([[3.0]])}).numpy().tolist() == [[6.0]]


@canary("columns.column_config")
def _():
    from tensorflow_hub.internals.columns import column_config, column_from_config

    column = tf.feature_column.numeric_column("x")
    assert column_from_config(column_config(column), None, {}) == column


@canary("columns.column_from_config")
def _():
    CANARIES["columns.column_config"]()


@canary("columns.add_weights_of_column")
def _():
    from tensorflow.python.feature_column import feature_column_v2

    from tensorflow_hub.internals.columns import add_weights_of_column
    from tensorflow_hub.internals.keras2 import keras

    layer = keras.layers.Layer()
    manager = feature_column_v2._StateManagerImpl(layer, trainable=True)
    trained, other = tf.Variable(1.0), tf.Variable(2.0, trainable=False)
    add_weights_of_column(manager, [trained], [other])
    assert [v is trained for v in layer.trainable_weights] == [True]
    assert [v is other for v in layer.non_trainable_weights] == [True]


def keras_packages():
    from tensorflow_hub.internals.keras2 import keras as keras2

    found = [keras2]
    if RELEASE >= (2, 16):
        import keras as keras3

        found.append(keras3)
    return found


@canary("keras_models.nested_inputs")
def _():
    from tensorflow_hub.internals.keras_models import nested_inputs

    for keras in keras_packages():
        inputs = {"a": keras.Input([1], name="a"), "b": keras.Input([1], name="b")}
        model = keras.Model(inputs, keras.layers.Add()([inputs["a"], inputs["b"]]))
        assert nested_inputs(model).keys() == {"a", "b"}
    assert nested_inputs(object()) is None


@canary("keras_models.shapes_of_first_call")
def _():
    from tensorflow_hub.internals.keras_models import shapes_of_first_call

    for keras in keras_packages():
        model = subclassed(keras)
        model(tf.ones([2, 3]))
        if hasattr(model, "save_spec"):
            assert model.save_spec()[0][0].shape == (None, 3)
        else:
            assert shapes_of_first_call(model) == [(2, 3)]


def subclassed(keras):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x):
            return self.dense(x)

    return Model()


@canary("keras_models.computes_losses_when_asked")
def _():
    from tensorflow_hub.internals.keras_models import computes_losses_when_asked

    keras2, *keras3 = keras_packages()
    assert computes_losses_when_asked(keras2.Sequential([keras2.layers.Dense(1)]))
    for keras in keras3:
        assert not computes_losses_when_asked(keras.Sequential([keras.layers.Dense(1)]))


@canary("keras2.LayerOfExistingWeights")
def _():
    from tensorflow_hub.internals.keras2 import LayerOfExistingWeights, keras

    layer = LayerOfExistingWeights(dtype="mixed_float16")
    trained, other = tf.Variable(1.0), tf.Variable(2.0)
    layer.register_weight(trained, True)
    layer.register_weight(other, False)
    assert [id(weight) for weight in layer.own_weights()] == [id(trained), id(other)]
    assert [w is trained for w in layer.trainable_weights] == [True]
    assert layer.output_dtype() == "float16"
    assert isinstance(layer, keras.layers.Layer)


@canary("keras3.ExistingVariable")
def _():
    from tensorflow_hub.internals.keras3 import ExistingVariable

    variable = tf.Variable(1.0)
    wrapped = ExistingVariable(variable, True, "v")
    wrapped.assign(3.0)
    assert variable == 3.0
    assert wrapped.value is variable


@canary("keras3.LayerOfExistingWeights")
def _():
    import keras
    import numpy as np

    from tensorflow_hub.internals.keras3 import ExistingVariable, LayerOfExistingWeights

    variable = tf.Variable([[1.0]])

    class Line(LayerOfExistingWeights):
        def __init__(self):
            super().__init__()
            self.register_weight(ExistingVariable(variable, True, "w"))

        def call(self, x):
            return tf.matmul(x, variable)

        def own_losses(self):
            return [tf.reduce_sum(variable)]

    layer = Line()
    model = keras.Sequential([keras.Input([1]), layer])
    assert [float(loss) for loss in model.losses] == [1.0]
    assert [w.hub_variable is variable for w in layer.own_weights()] == [True]
    model.compile("sgd", "mse")
    model.fit(np.ones([1, 1]), np.zeros([1, 1]), verbose=0)
    assert float(variable[0, 0]) < 1.0


def names():
    """All that `tensorflow_hub.internals` offers, as `module.name`."""
    return sorted(
        f"{module_name}.{name}"
        for module_name, module in modules().items()
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(thing) or inspect.isclass(thing))
        and thing.__module__ == module.__name__
    )


@pytest.mark.parametrize("name", names())
def test_a_private_name_works_on_this_release(name, request):
    assert name in CANARIES, f"{name} has no canary"
    check = CANARIES[name]
    check(*(request.getfixturevalue(parameter) for parameter in inspect.signature(check).parameters))


@pytest.mark.parametrize("name", names())
def test_it_says_why_since_when_and_what_is_lost_without_it(name):
    module, attribute = name.split(".")
    thing = getattr(modules()[module], attribute)
    members = [thing]
    if inspect.isclass(thing):
        members += [member for member in vars(thing).values() if inspect.isfunction(member)]
    text = "\n".join(inspect.getdoc(member) or "" for member in members)
    assert {line.partition(":")[0] for line in text.splitlines()} >= {"Public", "Since", "Without it"}, text


def test_a_loss_of_function_is_logged_once(caplog):
    from tensorflow_hub.internals.missing import warn_missing

    for _ in range(2):
        warn_missing("Canary._song", "Nobody sings.")
    assert [record.getMessage() for record in caplog.records] == [
        f"TensorFlow {tf.__version__} has no Canary._song. Nobody sings."
    ]
