"""Where a `hub.Module` may be made and applied: scopes, loops, branches, functions, sessions, devices."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import tensorflow_hub as hub
from tests.support.module_fns import DENSE_VARIANTS, dense, export, half_plus_two, initialize, run

v1 = tf.compat.v1
pytestmark = pytest.mark.tf1


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return export(hub.create_module_spec(half_plus_two), tmp_path_factory.mktemp("modules") / "half_plus_two")


@pytest.fixture(scope="module")
def dense_path(tmp_path_factory):
    spec = hub.create_module_spec(dense, DENSE_VARIANTS)
    return export(spec, tmp_path_factory.mktemp("modules") / "dense")


@pytest.fixture(params=["version 1", "version 2"])
def control_flow(request):
    """Runs the test with both control flow versions."""
    before = v1.control_flow_v2_enabled()
    (v1.enable_control_flow_v2 if request.param == "version 2" else v1.disable_control_flow_v2)()
    yield request.param
    (v1.enable_control_flow_v2 if before else v1.disable_control_flow_v2)()


def test_names_follow_variable_scopes_and_are_made_unique(path):
    with tf.Graph().as_default():
        with v1.variable_scope("outer"), tf.name_scope("ignored"):
            first, second = hub.Module(path), hub.Module(path, name="mine")
        third, fourth = hub.Module(path), hub.Module(path)
        names = [variable.op.name for m in (first, second, third, fourth) for variable in m.variables]
        v1.get_variable("module_2/taken", [])
        with v1.variable_scope("module_3"):
            v1.get_variable("taken", [])
        more = [hub.Module(path) for _ in range(3)]
        assert len({variable.op.name for module in more for variable in module.variables}) == 6
    scopes = ("outer/module", "outer/mine", "module", "module_1")
    assert names == [f"{scope}/{name}" for scope in scopes for name in ("half", "two")]


def test_instances_have_variables_of_their_own(path):
    with tf.Graph().as_default(), v1.Session() as session:
        first, second = hub.Module(path), hub.Module(path)
        outputs = [first([2.0]), second([2.0])]
        initialize(session)
        session.run(first.variable_map["two"].assign(100.0))
        assert [float(y[0]) for y in session.run(outputs)] == [101.0, 3.0]


def test_branches_loops_maps_and_functions(path, control_flow):
    with tf.Graph().as_default():
        module = hub.Module(path, trainable=True)
        x = tf.constant([4.0])
        yes = v1.placeholder_with_default(True, [])
        results = {
            "cond": tf.cond(yes, lambda: module(x), lambda: x),
            "not": tf.cond(yes, lambda: x, lambda: module(x)),
            "while": tf.while_loop(lambda i, _: i < 2, lambda i, v: (i + 1, module(v)), [0, x])[1],
            "map": tf.map_fn(lambda e: module(e[tf.newaxis])[0], tf.constant([2.0, 4.0])),
            "function": tf.function(module.__call__)(x),
            "made in a branch": tf.cond(yes, lambda: hub.Module(path)(x), lambda: x),
        }
        half = module.variable_map["half"]
        gradients = v1.gradients([results["cond"], results["while"], results["function"]], [x, half])
        values = run([results, gradients])
    assert {name: value.tolist() for name, value in values[0].items()} == {
        "cond": [4.0],
        "not": [4.0],
        "while": [4.0],
        "map": [3.0, 4.0],
        "function": [4.0],
        "made in a branch": [4.0],
    }
    np.testing.assert_allclose(values[1][0], [0.5 + 0.25 + 0.5])
    np.testing.assert_allclose(values[1][1], 4.0 + 6.0 + 4.0)


def test_state_does_not_depend_on_control_dependencies_and_applications_do(path):
    with tf.Graph().as_default(), v1.Session() as session:
        missing = v1.placeholder(tf.float32, [])
        with tf.control_dependencies([missing]):
            module = hub.Module(path)
            y = module([2.0])
        initialize(session)
        with pytest.raises(tf.errors.InvalidArgumentError, match="must feed a value"):
            session.run(y)
        assert session.run(y, {missing: 0.0}) == [3.0]


def test_only_what_is_fetched_is_computed(tmp_path):
    def module_fn():
        x = v1.placeholder(tf.float32, [])
        with tf.control_dependencies([v1.assert_positive(x)]):
            checked = tf.identity(x)
        hub.add_signature(inputs=x, outputs={"default": x + 1.0, "checked": checked})

    with tf.Graph().as_default():
        outputs = hub.Module(hub.create_module_spec(module_fn))(-1.0, as_dict=True)
        assert run(outputs["default"]) == 0.0
        with pytest.raises(tf.errors.InvalidArgumentError, match="assert"):
            run(outputs["checked"])


def test_a_monitored_session_trains_and_exports_with_a_finalized_graph(path, tmp_path):
    with tf.Graph().as_default():
        module = hub.Module(path, trainable=True)
        loss = tf.reduce_sum(tf.square(module([2.0]) - 7.0))
        step = v1.train.get_or_create_global_step()
        train = v1.train.GradientDescentOptimizer(0.1).minimize(loss, step)
        with v1.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path / "logs")) as session:
            for _ in range(30):
                session.run(train)
            module.export(tmp_path / "module", session)
    with tf.Graph().as_default():
        np.testing.assert_allclose(run(hub.Module(tmp_path / "module")([2.0])), [7.0], atol=1e-3)


@pytest.mark.parametrize(
    "strategy",
    [tf.distribute.OneDeviceStrategy("/cpu:0"), tf.distribute.MirroredStrategy(["/cpu:0"])],
    ids=["one", "mirrored"],
)
def test_distribution_strategies(path, strategy):
    with tf.Graph().as_default(), strategy.scope():
        module = hub.Module(path, trainable=True)
        y = strategy.run(lambda: module([2.0]))
        np.testing.assert_allclose(run(y), [3.0])


def test_a_wrapped_function_has_its_variables_at_once_and_trains_them(dense_path):
    def apply(x):
        return hub.Module(dense_path, trainable=True, tags={"train"})(x)

    wrapped = v1.wrap_function(apply, [tf.TensorSpec([None, 3], tf.float32)])
    with tf.GradientTape() as tape:
        y = wrapped(tf.ones([1, 3]))
    np.testing.assert_allclose(y, [[3.0, 3.0]])
    (kernel,) = [variable for variable in wrapped.variables if variable.shape == [3, 2]]
    np.testing.assert_allclose(tape.gradient(y, kernel), np.ones([3, 2]))
    kernel.assign_add(tf.ones([3, 2]))
    np.testing.assert_allclose(wrapped(tf.ones([1, 3])), [[6.0, 6.0]])


def test_training_collections_only_where_the_module_is_trainable(dense_path):
    keys = v1.GraphKeys
    for trainable, tags, expected in (
        (False, None, (0, 0, 0)),
        (True, None, (1, 1, 0)),
        (False, {"train"}, (0, 0, 0)),
        (True, {"train"}, (1, 1, 2)),
    ):
        with tf.Graph().as_default():
            module = hub.Module(dense_path, trainable=trainable, tags=tags)
            module(np.ones([1, 3], np.float32)), module(np.ones([1, 3], np.float32))
            found = (keys.TRAINABLE_VARIABLES, keys.REGULARIZATION_LOSSES, keys.UPDATE_OPS)
            assert tuple(len(v1.get_collection(key)) for key in found) == expected
            assert len(v1.global_variables()) == 2
            if expected[1]:
                np.testing.assert_allclose(run(v1.losses.get_regularization_loss()), 0.6, rtol=1e-6)


def test_fine_tuning_ends_in_a_module_with_new_values_and_the_old_definition(dense_path, tmp_path):
    with tf.Graph().as_default(), v1.Session() as session:
        module = hub.Module(dense_path, trainable=True, tags={"train"})
        loss = tf.reduce_sum(module(np.eye(3, dtype=np.float32))) + v1.losses.get_regularization_loss()
        with tf.control_dependencies(v1.get_collection(v1.GraphKeys.UPDATE_OPS)):
            step = v1.train.GradientDescentOptimizer(0.5).minimize(loss)
        initialize(session)
        session.run(step)
        session.run(step)
        module.export(tmp_path / "tuned", session)
    spec = hub.load_module_spec(tmp_path / "tuned")
    assert sorted(map(sorted, spec.get_tags())) == [[], ["train"]]
    with tf.Graph().as_default():
        module = hub.Module(spec)
        kernel, count = run([module.variable_map["kernel"], module(signature="count")])
    np.testing.assert_allclose(kernel, np.full([3, 2], -0.14), atol=1e-6)
    assert count == 2.0


def test_devices_and_colocation():
    def module_fn():
        x = v1.placeholder(tf.float32, [2], name="x")
        with tf.device("/device:CPU:0"):
            v = v1.get_variable("v", [2])
        with v1.colocate_with(x.op):
            near_input = tf.identity(x, name="near_input")
        with v1.colocate_with(v.handle.op):
            near_variable = tf.add(near_input, 1.0, name="near_variable")
        hub.add_signature(inputs=x, outputs=near_variable)

    spec = hub.create_module_spec(module_fn)
    with tf.Graph().as_default() as graph, tf.device("/device:CPU:1"):
        with tf.device("/device:CPU:2"):
            given = tf.constant([1.0, 2.0], name="given")
        hub.Module(spec)(given)
        ops = {
            name: graph.get_operation_by_name(name)
            for name in ("module/v", "module_apply_default/near_input", "module_apply_default/near_variable")
        }
    assert [op.device for op in ops.values()] == ["/device:CPU:0", "/device:CPU:2", "/device:CPU:0"]
    groups = [op.colocation_groups() for op in ops.values()]
    assert groups == [[b"loc:@module/v"], [b"loc:@given"], [b"loc:@module/v"]]
