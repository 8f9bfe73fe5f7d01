"""Writes the cases beside this file. Needs TensorFlow 1.15 and the original tensorflow_hub 0.12.

  python generate.py path/to/check.py [case ...]

A case is a function below that returns a Case; its modules are exported by the original library, with
variables set to values derived from their names, and the expected values are what that library
computes through the observers of check.py.
"""

import collections
import importlib.util
import json
import os
import shutil
import sys
import tempfile
import zlib

import numpy as np
import tensorflow as tf
import tensorflow_hub as hub

HERE = os.path.dirname(os.path.abspath(__file__))
RNG = np.random.RandomState(7)
CASES = {}
Case = collections.namedtuple("Case", "title inputs checks module extra")


def case(function):
    CASES[function.__name__.lstrip("_")] = function
    return function


def value_for(name, shape, dtype):
    rng = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
    if dtype == tf.string:
        return np.array([b"v%d" % i for i in range(int(np.prod(shape)))], object).reshape(shape)
    if dtype == tf.bool:
        return rng.randint(0, 2, shape).astype(bool)
    if dtype.is_integer:
        return rng.randint(0, 5, shape).astype(dtype.as_numpy_dtype)
    return (rng.uniform(-1, 1, shape) + (0.5 if "variance" in name else 0)).astype(np.float32)


def export(spec, path, tags=None):
    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as session:
        module = hub.Module(spec, tags=tags)
        session.run([tf.global_variables_initializer(), tf.tables_initializer()])
        set_values(session)
        module.export(path, session)


def set_values(session):
    for v in tf.global_variables():
        if v.dtype.base_dtype == tf.resource:
            continue
        name = v.op.name.split("/", 1)[-1]
        value = value_for(name, v.shape.as_list(), v.dtype.base_dtype)
        if "variance" in name:
            value = abs(value) + 0.5
        v.load(value, session)


def files(**contents):
    directory = tempfile.mkdtemp()
    paths = []
    for name, text in contents.items():
        path = os.path.join(directory, name)
        with open(path, "w") as f:
            f.write(text)
        paths.append(path)
    return paths


X = {"x": {"x": np.float32([[1, -2, 3], [0.5, 0, -1]])}}


def modules(*checks):
    return list(checks)


def M(check_id, inputs, **params):
    signature = params.pop("signature", None)
    load = params.pop("load", True)
    d = {"id": check_id, "api": "Module", "params": dict(params, inputs=inputs, signature=signature)}
    if not load:
        d.update(load=False, load_note="not comparable")
    return d


def V(tags=(), **params):
    label = "vars_" + ("_".join(sorted(tags)) or "notag") + "".join("_" + k for k in sorted(params))
    return {"id": label, "api": "variables", "params": dict(params, tags=sorted(tags))}


def C(check_id, kind, inputs, **params):
    return {"id": check_id, "api": "context", "params": dict(params, kind=kind, inputs=inputs)}


STANDARD = [{"id": "spec", "api": "spec", "params": {}}, V(values=True), V(trainable=True), V(trainable=True, twice=True), V(scope="outer", name="my_module", trainable=True)]


@case
def c08_control_flow():
    def module_fn():
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        w = tf.get_variable("w", [3, 3])
        b = tf.get_variable("b", [3])
        training = tf.placeholder(tf.bool, [], name="training")
        steps = tf.placeholder(tf.int32, [], name="steps")
        _, loop = tf.while_loop(
            lambda i, _: i < 4, lambda i, h: (i + 1, tf.tanh(tf.matmul(h, w) + b)), [tf.constant(0), x])
        _, by_steps = tf.while_loop(
            lambda i, _: i < steps, lambda i, h: (i + 1, tf.tanh(tf.matmul(h, w))), [tf.constant(0), x])
        branch = tf.cond(training, lambda: tf.matmul(x, w) * 2.0, lambda: x - b)
        inner_branch = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.matmul(x, w), lambda: x * b)
        w_read, b_read = tf.identity(w), tf.identity(b)
        _, nested = tf.while_loop(
            lambda i, _: i < 3,
            lambda i, h: (i + 1, tf.cond(tf.equal(i % 2, 0), lambda: tf.matmul(h, w_read), lambda: h + b_read)),
            [tf.constant(0), x])
        mapped = tf.map_fn(lambda row: tf.reduce_sum(row * b_read), x)
        limited = tf.while_loop(lambda h: tf.reduce_sum(h) < 1e6, lambda h: h * 2 + 1, [tf.abs(x)], maximum_iterations=steps)
        hub.add_signature(inputs={"x": x}, outputs={"default": loop, "mapped": mapped})
        hub.add_signature("branch", inputs={"x": x, "training": training}, outputs=branch)
        hub.add_signature("inner_branch", inputs={"x": x}, outputs=inner_branch)
        hub.add_signature("nested", inputs={"x": x}, outputs=nested)
        hub.add_signature("steps", inputs={"x": x, "steps": steps}, outputs={"default": by_steps, "limited": limited})

    inputs = dict(X, t={"x": X["x"]["x"], "training": np.bool_(True)}, f={"x": X["x"]["x"], "training": np.bool_(False)}, s={"x": X["x"]["x"], "steps": np.int32(3)})
    grads = dict(trainable=True, grads=True, control_flow_v1=True)
    return Case("while, cond, nested, TensorArray, predicate and bound as inputs", inputs, [
        M("default", "x"), M("default_grads", "x", **grads), M("branch_t", "t", signature="branch"),
        M("branch_f_grads", "f", signature="branch", feed="placeholder", **grads),
        M("branch_t_grads", "t", signature="branch", feed="placeholder", **grads),
        M("inner_branch_grads", "x", signature="inner_branch", **grads),
        M("nested_grads", "x", signature="nested", **grads), M("steps_grads", "s", signature="steps", **grads),
        C("ctx_while", "while", "x"), C("ctx_cond", "cond", "x"),
        C("ctx_while_branch", "while", "x", signature="inner_branch"), C("ctx_cond_nested", "cond", "x", signature="nested"),
        C("ctx_while_grad_inner", "while", "x", signature="inner_branch"), C("ctx_multi", "multi", "x"),
    ], lambda path: export(hub.create_module_spec(module_fn), path), {})


@case
def c10_reference_variables():
    def module_fn(train=False):
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        v = tf.get_variable("v", [3, 2], use_resource=False, regularizer=lambda w: 0.1 * tf.nn.l2_loss(w))
        p = tf.get_variable("p", [6, 2], use_resource=False, partitioner=tf.fixed_size_partitioner(3), regularizer=lambda w: 0.1 * tf.nn.l2_loss(w))
        count = tf.get_variable("count", [], use_resource=False, trainable=False, initializer=tf.zeros_initializer())
        resource = tf.get_variable("resource", [2])
        old = tf.Variable([1.0, 2.0], name="old", use_resource=False)
        if train:
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_add(count, 1.0).op)
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.scatter_update(v, [0], [[1.0, 2.0]]).op)
        y = tf.matmul(x, v) + resource + old
        ids = tf.placeholder(tf.int64, [None], name="ids")
        hub.add_signature(inputs={"x": x}, outputs={"default": y, "count": tf.identity(count)})
        hub.add_signature("lookup", inputs={"ids": ids}, outputs=tf.nn.embedding_lookup(p, ids))
        hub.add_signature("variable", outputs={"v": tf.convert_to_tensor(v)})

    inputs = dict(X, ids={"ids": np.int64([0, 5, 3])}, none={})
    return Case("reference variables, partitioned too, updated", inputs, [
        V(["train"], values=True), M("default", "x"), M("grads", "x", trainable=True, grads=True), M("lookup", "ids", signature="lookup"),
        M("lookup_grads", "ids", signature="lookup", trainable=True, grads=True), M("variable", "none", signature="variable"),
        M("train", "x", tags=["train"], trainable=True, updates=2, grads=True, load=False), C("ctx_while", "while", "x", ) if False else C("ctx_multi", "multi", "x"),
        C("ctx_cond", "cond", "x"), C("ctx_control_dependencies", "control_dependencies", "x"), C("ctx_device", "device", "x", probe=["module_1/v", "module_1_apply_default/MatMul", "module_1/p/part_0"]),
    ], lambda path: export(hub.create_module_spec(module_fn, [(set(), {}), ({"train"}, {"train": True})]), path), {})


@case
def c11_tables():
    def module_fn():
        keys = tf.placeholder(tf.string, [None], name="keys")
        (vocabulary,) = files(**{"words.txt": "one\ntwo\nthree\n"})
        mapping = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([1.5, 2.5])), -1.0)
        words = tf.lookup.StaticVocabularyTable(tf.lookup.TextFileInitializer(vocabulary, tf.string, -2, tf.int64, -1), 2)
        back = tf.contrib.lookup.index_to_string_table_from_file(vocabulary)
        mutable = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, 7)
        dense = tf.contrib.lookup.MutableDenseHashTable(tf.int64, tf.float32, 0.5, empty_key=-1, deleted_key=-2)
        ids = words.lookup(keys)
        asset = tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS)[0]
        hub.add_signature(inputs=keys, outputs={"default": ids, "mapped": mapping.lookup(keys), "mutable": mutable.lookup(keys), "dense": dense.lookup(ids), "back": back.lookup(ids), "contents": tf.io.read_file(asset)})
    inputs = {"k": {"default": np.array([b"a", b"two", b"zzz"])}}
    return Case("hash tables of all kinds, one vocabulary for two tables", inputs, [M("default", "k"), M("numpy", "k", feed="numpy", positional=True), C("ctx_multi", "multi", "k"), C("ctx_control_dependencies", "control_dependencies", "k")],
                lambda path: export(hub.create_module_spec(module_fn, drop_collections=["saveable_objects"]), path), {})


@case
def c12_ragged():
    def module_fn():
        r = tf.ragged.placeholder(tf.float32, 1, name="r")
        s = tf.ragged.placeholder(tf.string, 2, name="s")
        v = tf.get_variable("v", [])
        words = tf.strings.split(tf.placeholder(tf.string, [None], name="text"), " ")
        text = tf.get_default_graph().get_tensor_by_name("text:0")
        hub.add_signature(inputs=r, outputs={"default": r.with_flat_values(r.flat_values * v), "sum": tf.reduce_sum(r, axis=1)})
        hub.add_signature("nested", inputs={"s": s}, outputs={"default": s, "lengths": tf.ragged.map_flat_values(tf.strings.length, s)})
        hub.add_signature("words", inputs=text, outputs=tf.RaggedTensor.from_sparse(words) if isinstance(words, tf.SparseTensor) else words)
    inputs = {"r": {"default": (np.float32([1, 2, 3]), np.int64([0, 2, 2, 3]))}, "s": {"s": (np.array([b"a", b"bb", b"ccc"]), np.int64([0, 1, 2]), np.int64([0, 2, 3]))}, "t": {"default": np.array([b"a b c", b"", b"d"])}}
    return Case("ragged inputs and outputs", inputs, [M("default", "r"), M("grads", "r", trainable=True, grads=True), M("nested", "s", signature="nested"), M("words", "t", signature="words")],
                lambda path: export(hub.create_module_spec(module_fn), path), {})


def _device_fn(device):
    def module_fn():
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        with tf.device(device):
            v = tf.get_variable("v", [3, 2])
        w = tf.get_variable("w", [3, 2], use_resource=False)
        with tf.colocate_with(x.op):
            y = tf.identity(x, name="near_x")
        with tf.colocate_with(v.handle.op):
            z = tf.add(y, 1.0, name="near_v")
        with tf.colocate_with(w.op):
            z = tf.add(z, 1.0, name="near_w")
        with tf.colocate_with(z.op):
            z = tf.add(z, 1.0, name="near_z")
        with tf.device(device):
            z = tf.add(z, 1.0, name="on_device")
        side = tf.negative(x, name="side")
        with tf.colocate_with(side.op):
            z = tf.add(z, 0.5, name="near_side")
        hub.add_signature(inputs={"x": x}, outputs=tf.matmul(z, v) + tf.matmul(z, w) + tf.gather(v, [1], name="look"))
    return module_fn


PROBES = ["module_1_apply_default/" + n for n in ("near_x", "near_v", "near_w", "near_z", "on_device", "near_side", "look", "MatMul", "add", "near_v/y", "w/read")] + ["module_1/v", "module_1/w", "module_1/v/Assign", "module_1/v/Read/ReadVariableOp", "module_1/w/read"]


@case
def c13_devices():
    return Case("devices and colocation", dict(X), [M("default", "x"), M("grads", "x", trainable=True, grads=True), C("ctx_device", "device", "x", probe=PROBES), C("ctx_while", "multi", "x"), C("ctx_cond", "cond", "x")],
                lambda path: export(hub.create_module_spec(_device_fn("/device:CPU:0")), path), {})


@case
def c16_dtypes():
    names = ["float64", "int8", "uint8", "int16", "uint16", "int32", "int64", "bool", "complex64", "complex128", "half", "bfloat16", "float32"]
    def module_fn():
        ins, outs = {}, {}
        for n in names:
            dtype = getattr(tf, n)
            ins[n] = tf.placeholder(dtype, [None], name="in_" + n)
            outs[n] = tf.identity(ins[n])
            if n in ("float64", "int32", "int64", "float32", "half", "bfloat16"):
                v = tf.get_variable("v_" + n, [2], dtype=dtype, initializer=tf.zeros_initializer(dtype))
                outs["v_" + n] = v + tf.cast(1, dtype)
        s = tf.get_variable("words", [2], dtype=tf.string, initializer=tf.constant_initializer(["a", "b"], dtype=tf.string)) if False else None
        flag = tf.get_variable("flag", [2], dtype=tf.bool, initializer=tf.zeros_initializer(), trainable=False)
        outs["flag"] = tf.logical_not(flag)
        hub.add_signature(inputs=ins, outputs=outs)
    ins = {}
    for n in names:
        a = np.array([1, 0, 3])
        ins[n] = a.astype(bool) if n == "bool" else a.astype(np.float32 if n == "bfloat16" else ("float16" if n == "half" else n))
    return Case("inputs, outputs and variables of many dtypes", {"a": ins}, [M("constant", "a", load=True), M("placeholder", "a", feed="placeholder") if False else M("trainable", "a", trainable=True)],
                lambda path: export(hub.create_module_spec(module_fn), path), {"dtypes": names})


@case
def c18_asset_names():
    def module_fn():
        keys = tf.placeholder(tf.string, [None], name="keys")
        a, = files(**{"vocab.txt": "a\nb\n"}); b, = files(**{"vocab.txt": "c\na\n"}); c, = files(**{"vocab.txt": "b\n"}); d, = files(**{"mit Leerzeichen \u00e4.txt": "b\na\n"})
        out = {}
        for i, p in enumerate((a, b, c, d)):
            t = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(p, tf.string, -2, tf.int64, -1), -1)
            out["o%d" % i] = t.lookup(keys)
        hub.add_signature(inputs=keys, outputs=out)
    return Case("assets of equal and of odd names", {"k": {"default": np.array([b"a", b"b", b"c"])}}, [M("default", "k"), C("ctx", "control_dependencies", "k") if False else M("numpy", "k", feed="numpy")],
                lambda path: export(hub.create_module_spec(module_fn), path), {})


@case
def c19_saved_model():
    def make(path):
        vocabulary, = files(**{"words.txt": "a\nb\n"})
        with tf.Graph().as_default(), tf.Session() as session:
            words = tf.placeholder(tf.string, [None], name="words")
            table = tf.lookup.StaticVocabularyTable(tf.lookup.TextFileInitializer(vocabulary, tf.string, -2, tf.int64, -1), 1)
            v = tf.get_variable("v", [3], use_resource=False); u = tf.get_variable("u", [3], use_resource=True)
            tf.train.get_or_create_global_step()
            y = tf.gather(v, table.lookup(words)) + tf.gather(u, table.lookup(words))
            session.run([tf.global_variables_initializer(), tf.tables_initializer()])
            set_values(session)
            signature = {"serving_default": tf.saved_model.signature_def_utils.predict_signature_def({"words": words}, {"y": y, "default": y})}
            tf.saved_model.simple_save if False else None
            builder = tf.saved_model.builder.SavedModelBuilder(path)
            builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=signature, assets_collection=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS), main_op=tf.tables_initializer())
            builder.save()
    checks = [{"id": "spec", "api": "spec", "params": {}}, V(["serve"], values=True), V(["serve"], trainable=True), M("serve", "w", tags=["serve"], signature="serving_default"), M("grads", "w", tags=["serve"], signature="serving_default", trainable=True, grads=True)]
    return Case("a TF1 SavedModel for serving", {"w": {"words": np.array([b"a", b"q"])}}, checks, make, {"format": "saved_model", "export_tags": ["serve"], "only": True})


@case
def c20_composition():
    def inner_fn():
        vocabulary, = files(**{"words.txt": "a\nb\n"})
        words = tf.placeholder(tf.string, [None], name="words")
        table = tf.lookup.StaticVocabularyTable(tf.lookup.TextFileInitializer(vocabulary, tf.string, -2, tf.int64, -1), 1)
        v = tf.get_variable("v", [3, 2], regularizer=lambda w: 0.1 * tf.nn.l2_loss(w))
        n = tf.get_variable("n", [], trainable=False)
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_add(n, 1.0).op)
        hub.add_signature(inputs=words, outputs=tf.gather(v, table.lookup(words)) * n)
    def make(path):
        directory = tempfile.mkdtemp()
        export(hub.create_module_spec(inner_fn), directory + "/inner")
        def outer_fn(train=False):
            words = tf.placeholder(tf.string, [None], name="words")
            first = hub.Module(directory + "/inner", trainable=True)
            second = hub.Module(directory + "/inner", trainable=train, name="other")
            w = tf.get_variable("w", [2, 2])
            hub.add_signature(inputs=words, outputs={"default": tf.matmul(first(words) + first(words), w) + second(words), "a": first(words)})
        export(hub.create_module_spec(outer_fn, [(set(), {}), ({"train"}, {"train": True})]), path)
        shutil.rmtree(directory)
    return Case("modules in a module, with assets, losses and update ops", {"w": {"default": np.array([b"a", b"q"])}}, [V(["train"], trainable=True), M("default", "w"), M("grads", "w", trainable=True, grads=True), M("train", "w", tags=["train"], trainable=True, grads=True, updates=2, load=False), C("ctx_multi", "multi", "w"), C("ctx_cond", "cond", "w")], make, {})


@case
def c21_estimator():
    def module_fn():
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        hub.add_signature(inputs={"x": x}, outputs=tf.layers.dense(x, 2, name="dense"))
    def make(path):
        directory = tempfile.mkdtemp()
        spec = hub.create_module_spec(module_fn)
        def model_fn(features, labels, mode, params=None):
            m = hub.Module(spec, trainable=True)
            hub.register_module_for_export(m, "exported")
            y = tf.layers.dense(m({"x": features["x"]}), 1)
            loss = tf.reduce_mean(tf.square(y))
            return tf.estimator.EstimatorSpec(mode, predictions=y, loss=loss, train_op=tf.train.GradientDescentOptimizer(0.1).minimize(loss, tf.train.get_global_step()))
        e = tf.estimator.Estimator(model_fn, model_dir=directory + "/m")
        data = lambda: tf.data.Dataset.from_tensors(({"x": tf.ones([4, 3])}, tf.ones([4]))).repeat()
        e.train(data, steps=3)
        exporter = hub.LatestModuleExporter("name", tf.estimator.export.build_raw_serving_input_receiver_fn({"x": tf.placeholder(tf.float32, [None, 3])}) if False else (lambda: tf.estimator.export.ServingInputReceiver({"x": tf.placeholder(tf.float32, [None, 3])}, tf.placeholder(tf.string))))
        out = exporter.export(e, directory + "/out")
        print("estimator", out, os.listdir(directory + "/out"), exporter.name)
        shutil.copytree(os.path.join(tf.compat.as_str_any(out), "exported"), path)
    return Case("exported by an Estimator", dict(X), [M("default", "x"), M("grads", "x", trainable=True, grads=True)], make, {})


@case
def c23_checkpoint_export():
    def module_fn():
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        v = tf.get_variable("v", [3, 2]); p = tf.get_variable("p", [4, 2], partitioner=tf.fixed_size_partitioner(2))
        hub.add_signature(inputs={"x": x}, outputs=tf.matmul(x, v) + tf.reduce_sum(tf.convert_to_tensor(p)))
    def make(path):
        directory = tempfile.mkdtemp()
        with tf.Graph().as_default(), tf.Session() as session:
            with tf.variable_scope("model"):
                tf.get_variable("v", [3, 2]); tf.get_variable("p", [4, 2], partitioner=tf.fixed_size_partitioner(2))
            tf.get_variable("other", [])
            set_values(session)
            tf.train.Saver().save(session, directory + "/model.ckpt")
        hub.create_module_spec(module_fn).export(path, checkpoint_path=directory + "/model.ckpt", name_transform_fn=lambda n: "model/" + n)
    return Case("exported from a training checkpoint", dict(X), [M("default", "x")], make, {})


@case
def c24_lstm():
    def module_fn():
        x = tf.placeholder(tf.float32, [None, None, 3], name="x")
        n = tf.placeholder(tf.int32, [None], name="n")
        cells = [tf.nn.rnn_cell.LSTMCell(4, use_peepholes=True, num_proj=3, name="lstm%d" % i) for i in range(2)]
        out, state = tf.nn.dynamic_rnn(tf.nn.rnn_cell.MultiRNNCell(cells), x, sequence_length=n, dtype=tf.float32)
        (fw, bw), _ = tf.nn.bidirectional_dynamic_rnn(tf.nn.rnn_cell.GRUCell(2, name="fw"), tf.nn.rnn_cell.BasicLSTMCell(2, name="bw"), x, sequence_length=n, dtype=tf.float32)
        keras = tf.keras.layers.LSTM(2, name="keras_lstm")(x)
        hub.add_signature(inputs={"x": x, "n": n}, outputs={"default": out, "h": state[1].h, "both": tf.concat([fw, bw], -1)})
        hub.add_signature("keras", inputs={"x": x}, outputs=keras)
    inputs = {"x": {"x": RNG.uniform(-1, 1, (2, 4, 3)).astype(np.float32), "n": np.int32([4, 2])}}
    inputs["k"] = {"x": inputs["x"]["x"]}
    g = dict(trainable=True, grads=True, control_flow_v1=True)
    return Case("LSTMs: dynamic_rnn, bidirectional, peepholes, projections, Keras", inputs, [M("default", "x"), M("grads", "x", feed="placeholder", **g), M("keras", "k", signature="keras"), M("keras_grads", "k", signature="keras", **g)],
                lambda path: export(hub.create_module_spec(module_fn, drop_collections=["losses"]), path), {})


@case
def c25_soft_placement():
    return Case("devices that are not there", dict(X), [M("default", "x"), M("grads", "x", trainable=True, grads=True), C("ctx_device", "device", "x", probe=PROBES)],
                lambda path: export(hub.create_module_spec(_device_fn("/job:worker/device:GPU:3")), path) if False else export(hub.create_module_spec(_device_fn("/device:GPU:3")), path), {"soft_placement": True})


def _clash_fn(scale):
    def module_fn():
        vocabulary, = files(**{"words.txt": "a\nb\n" if scale == 1 else "b\na\nc\n"})
        words = tf.placeholder(tf.string, [None], name="words")
        table = tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(vocabulary, tf.string, -2, tf.int64, -1), 0, name="table")
        local = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([1.0, 2.0]) * scale), -1.0, name="local")
        v = tf.get_variable("v", [3]) * scale
        with tf.variable_scope("module"):
            u = tf.get_variable("v", [3])
        hub.add_signature(inputs={"words": words}, outputs=tf.gather(v, table.lookup(words)) + tf.gather(u, table.lookup(words)) + local.lookup(words))
    return module_fn


@case
def c26_pair():
    def make(path):
        export(hub.create_module_spec(_clash_fn(1.0)), path)
        export(hub.create_module_spec(_clash_fn(10.0)), path + "_b")
    return Case("two modules with clashing names", {"w": {"words": np.array([b"a", b"b", b"c"])}}, [M("default", "w"), C("ctx_pair", "pair", "w", other="module_b"), C("ctx_multi", "multi", "w")], make, {})


@case
def c27_functions():
    def module_fn():
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        v = tf.get_variable("v", [3])
        from tensorflow.python.framework import function
        @function.Defun(tf.float32)
        def double(a):
            return a * 2.0 + 1.0
        @tf.custom_gradient
        def clipped(a):
            return tf.minimum(a, 1.0), lambda dy: dy * 0.5
        @tf.function
        def triple(a):
            return a * 3.0 * v
        dataset_like = tf.map_fn(lambda r: r * 2, x)
        hub.add_signature(inputs={"x": x}, outputs={"default": double(x * v), "mapped": dataset_like, "triple": triple(x)})
        hub.add_signature("clipped", inputs={"x": x}, outputs=clipped(x * v))
    return Case("functions in the graph", dict(X), [M("default", "x"), M("clipped", "x", signature="clipped"), M("grads", "x", trainable=True, grads=True, control_flow_v1=True), C("ctx_multi", "multi", "x"), C("ctx_cond", "cond", "x")],
                lambda path: export(hub.create_module_spec(module_fn), path), {})


@case
def c28_control_flow_v2():
    def module_fn():
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        w = tf.get_variable("w", [3, 3])
        flag = tf.placeholder_with_default(True, [], name="flag")
        y = tf.cond(flag, lambda: tf.matmul(x, w), lambda: x)
        _, z = tf.while_loop(lambda i, _: i < 3, lambda i, h: (i + 1, tf.matmul(h, w)), [tf.constant(0), x])
        hub.add_signature(inputs={"x": x}, outputs={"default": y, "z": z})
        hub.add_signature("flag", inputs={"x": x, "flag": flag}, outputs=y)
    def make(path):
        tf.enable_control_flow_v2()
        try:
            export(hub.create_module_spec(module_fn), path)
        finally:
            tf.disable_control_flow_v2()
    return Case("control flow version 2", dict(X, f={"x": X["x"]["x"], "flag": np.bool_(False)}), [M("default", "x"), M("flag", "f", signature="flag", feed="placeholder")], make, {})


@case
def c29_unused_signatures():
    def module_fn(train=False):
        x = tf.placeholder(tf.float32, [None, 3], name="x"); z = tf.placeholder(tf.float32, [None, 3], name="z")
        a = tf.layers.batch_normalization(x, training=train, name="bn_a")
        b = tf.layers.batch_normalization(z, training=train, name="bn_b")
        hub.add_signature(inputs={"x": x}, outputs=a)
        hub.add_signature("b", inputs={"z": z}, outputs=b)
        hub.add_signature("deep/name.with-odd_chars", inputs={"z": z}, outputs=b)
    return Case("signatures with placeholders of their own", dict(X, z={"z": X["x"]["x"]}), [M("default", "x"), M("b", "z", signature="b"), M("odd", "z", signature="deep/name.with-odd_chars") if False else M("b_trainable", "z", signature="b", trainable=True, grads=True)],
                lambda path: export(hub.create_module_spec(module_fn, [(set(), {}), ({"train"}, {"train": True})]), path), {})


def main():
    spec = importlib.util.spec_from_file_location("check", sys.argv[1])
    check = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(check)
    check.setup()
    for name, function in CASES.items():
        if sys.argv[2:] and not any(w in name for w in sys.argv[2:]):
            continue
        number, short = name[1:].split("_", 1)
        try:
            write(check, "%s_%s" % (number, short), number, short, function())
        except Exception as e:
            import traceback
            traceback.print_exc(limit=3)


def write(check, directory, number, short, made):
    target = os.path.join(HERE, directory)
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    made.module(os.path.join(target, "module"))
    arrays, inputs = {}, {}
    dtypes = {}
    for set_id, values in made.inputs.items():
        inputs[set_id] = {}
        for argument, value in values.items():
            parts = value if isinstance(value, tuple) else (value,)
            kind = "ragged" if isinstance(value, tuple) else "dense"
            keys = ["%s|%s|%d" % (set_id, argument, i) for i in range(len(parts))]
            parts = [np.asarray(p) for p in parts]
            dtype = "string" if parts[0].dtype.kind == "S" else parts[0].dtype.name
            if argument in made.extra.get("dtypes", ()):
                dtype = argument
            dtype = {"half": "float16"}.get(dtype, dtype)
            arrays.update(zip(keys, parts))
            inputs[set_id][argument] = {"kind": kind, "dtype": dtype, "npz": keys}
    extra = made.extra
    record = {"schema": 1, "id": number, "name": short, "title": made.title, "notes": [], "format": extra.get("format", "hub"), "module": "module", "export_tags": extra.get("export_tags", []), "inputs": inputs, "checks": [],
              "exporter": {"python": sys.version.split()[0], "tensorflow": tf.__version__, "tensorflow_hub": hub.__version__, "numpy": np.__version__}}
    if extra.get("soft_placement"):
        record["soft_placement"] = True
    env = check.Env(record, target, arrays)
    expected = {}
    for one in (made.checks if extra.get("only") else STANDARD + made.checks):
        try:
            got = check.OBSERVERS[one["api"]](env, one["params"])
        except Exception as e:
            print("NOT POSSIBLE with the original library:", directory, one["id"], repr(e)[:300])
            continue
        entry = dict(one, expect={}, arrays=[])
        for key, value in got.items():
            if isinstance(value, np.ndarray):
                expected[one["id"] + "|" + key] = value
                entry["arrays"].append(key)
            else:
                entry["expect"][key] = value
        record["checks"].append(entry)
    with open(os.path.join(target, "case.json"), "w") as f:
        json.dump(record, f, indent=1, sort_keys=True)
    np.savez_compressed(os.path.join(target, "inputs.npz"), **arrays)
    np.savez_compressed(os.path.join(target, "expected.npz"), **expected)
    print("wrote", directory, len(record["checks"]))


if __name__ == "__main__":
    main()
