"""The docstring of `hub.KerasLayer`, the same for both Kerases."""

DOCSTRING = """A module as a Keras layer.

    Args:
      handle: a path, a URL, `publisher/model/version` on the configured hub, or a callable object that
        follows the Reusable SavedModel interface (`__call__`, `variables`, `trainable_variables`,
        `regularization_losses`).
      trainable: whether the module's weights are trained; may be set later. A pattern (a string, searched
        in the variables' names) or a function of a variable chooses which of them may be.
      arguments: keyword arguments passed to the callable with every call.
      tags: tags of the graph to load; see `hub.load`.
      signature: the name of a signature to call in place of the object itself.
      signature_outputs_as_dict: whether a signature's outputs come as a dict.
      output_key: the output to take where there are several.
      output_shape: shape of the outputs without the batch size, where the module does not tell it.
      load_options: `tf.saved_model.LoadOptions`.
      endpoints: one or more names of tensors inside the module (see `hub.with_endpoints`) to give as extra
        outputs, in the same pass. The outputs then come as a dict, in which a single one of the module is
        "default".
      part: the attributes that lead to the part of the module to call in place of the module itself, as
        "tokenize" or "parts.tokenize", or a list of them.
      **kwargs: as for any Keras layer: `name`, `dtype`, `input_shape`.

    Raises:
      ResolveError: the handle leads nowhere.
      SignatureError: there is no such signature or output.

    Example:
      ```
      model = tf.keras.Sequential([
          hub.KerasLayer("acme/text-embedding/1", input_shape=[], dtype=tf.string, trainable=True),
          tf.keras.layers.Dense(1),
      ])
      ```
    """
