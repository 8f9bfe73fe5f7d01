"""The docstring of `hub.KerasLayer`, the same for both versions of Keras."""

DOCSTRING = """A module as a Keras layer.

    Args:
      handle: a path, a URL, `publisher/model/version` on the configured hub, or a callable object with the
        Reusable SavedModel interface (`__call__`, `variables`, `trainable_variables`,
        `regularization_losses`).
      trainable: whether the module's weights are trained; the attribute may be changed later. A regular
        expression (searched in the names of variables), or a function from a variable to a bool, selects
        which weights can be trained.
      arguments: keyword arguments to pass to the module in every call.
      tags: tags of the graph to load; see `hub.load`.
      signature: the name of the signature to call instead of the module itself.
      signature_outputs_as_dict: whether to return all outputs of the signature as a dict.
      output_key: the name of the output to return if there are several.
      output_shape: the shape of the output without the batch size, or a nest of shapes, if TensorFlow cannot
        infer it.
      load_options: `tf.saved_model.LoadOptions`.
      endpoints: one or more names of tensors inside of the module (see `hub.with_endpoints`) to return too.
        The layer then returns a dict; a single output of the module has the name "default" in it.
      part: the attribute path of the part of the module to call instead of the module itself, such as
        "tokenize" or "bert.tokenize", or a list of attribute names.
      **kwargs: arguments of every Keras layer: `name`, `dtype`, `input_shape` (without the batch size).

    Call it with a tensor, an array or a list of values, or with a nest (list or dict) of these, and if needed
    with `training=True`. Numbers are cast to the dtype that the module was traced for. It returns the outputs
    of the module: a tensor `[batch, …]`, or a nest of tensors.

    Raises:
      ResolveError: nothing was found at the handle.
      SignatureError: there is no such signature or output.
      InputError: an argument has a wrong type; or an input has another dtype or shape than the module takes.
      MissingDependencyError: the layer needs a package that is not installed, such as tf_keras.
      UnsupportedFeatureError: Keras 3 has no tensors of the dtype of the module's input, such as qint8.

    Example::

        model = tf.keras.Sequential([
            hub.KerasLayer("acme/text-embedding/1", input_shape=[], dtype=tf.string, trainable=True),
            tf.keras.layers.Dense(1),
        ])
    """
