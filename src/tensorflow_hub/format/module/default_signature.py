"""The choice of the signature to call if the user names none."""

from __future__ import annotations

from collections.abc import Collection, Sequence

DEFAULT = "default"
SERVING_DEFAULT = "serving_default"


def default_signature(names: Collection[str], preferred: Sequence[str] = ()) -> str | None:
    """The name of the signature to call if the user names none; None if there is no clear choice.

    It is `default` (in TF1 Hub format), or else `serving_default` (of `tf.saved_model.save`), or else the
    only signature.

    Args:
      names: the names of the module's signatures.
      preferred: names that the caller prefers to these, the best one first.

    >>> default_signature(["serving_default", "default"]), default_signature(["serving_default", "images"])
    ('default', 'serving_default')
    >>> default_signature(["only"]), default_signature(["a", "b"])
    ('only', None)
    """
    for name in (*preferred, DEFAULT, SERVING_DEFAULT):
        if name in names:
            return name
    return next(iter(names)) if len(names) == 1 else None
