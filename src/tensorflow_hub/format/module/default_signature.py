"""The choice of the signature to call if the user names none."""

from __future__ import annotations

from collections.abc import Collection

DEFAULT = "default"


def default_signature(names: Collection[str]) -> str | None:
    """The name of the signature to call if the user names none; None if there is no clear choice.

    It is `default` (in TF1 Hub format), or else `serving_default` (of `tf.saved_model.save`), or else the
    only signature.

    >>> default_signature(["serving_default", "default"]), default_signature(["serving_default", "images"])
    ('default', 'serving_default')
    >>> default_signature(["only"]), default_signature(["a", "b"])
    ('only', None)
    """
    for name in (DEFAULT, "serving_default"):
        if name in names:
            return name
    return next(iter(names)) if len(names) == 1 else None
