"""The search document of a model, made from its newest version that is not withdrawn."""

from __future__ import annotations

import dataclasses

from tensorflow_hub.format.kinds.table import KINDS

# Orders the kinds of entries that match equally well: models come before their deployments.
_KIND_SCORE = {"placeholder": 3, "collection": 1, **{kind.card: kind.static_score for kind in KINDS}}


@dataclasses.dataclass(frozen=True)
class SearchDocument:
    """A model in the search index.

    Attributes:
      id: its id in the catalogue.
      handle: `publisher/model`.
      version: the number of the described version.
      kind: the kind of its card: module, lite, placeholder, ….
      description: the first paragraph of the card.
      card: the text of the card.
      facets: facet name → values.
      interfaces: the typed interfaces of its signatures, as `signatures.Interface` writes them.
      flags: `trainable` and `custom-ops`, or the same with `no-`, for filters.
      size: bytes on disk of the model itself, else of its first deployment; None if this hub has no files.
      downloads: the total number of downloads.
      published_at: when the version was published, in seconds since 1970; 0 if unknown, because only its
        documentation was imported.
      private: whether only readers of its publisher see it.
    """

    id: int
    handle: str
    version: int
    kind: str = "module"
    description: str = ""
    card: str = ""
    facets: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    interfaces: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    size: int | None = None
    downloads: int = 0
    published_at: int = 0
    private: bool = False

    @property
    def publisher(self) -> str:
        """The first part of the handle."""
        return self.handle.split("/", 1)[0]

    @property
    def quality(self) -> int:
        """Orders models in searches without words: with files first, then by downloads, kind and version."""
        is_here, of_kind = self.size is not None, _KIND_SCORE.get(self.kind, 0)
        return (is_here << 60) + (min(self.downloads, 2**40) << 16) + (of_kind << 8) + min(self.version, 255)

    @property
    def static_score(self) -> float:
        """Orders models that match the same words; higher is better.

        Adds points if a model is not a collection, if it is not a deployment or preprocessor of another
        model, for each power of ten of its downloads, and for each of its first versions.
        """
        of_its_own = self.kind in {"module", "placeholder"} and "text-preprocessing" not in self.facets.get(
            "task", ()
        )
        rank = 12.0 * (self.kind != "collection") + 3.0 * of_its_own
        return rank + 0.4 * self.power_of_downloads + 0.3 * (min(self.version, 5) - 1)

    @property
    def power_of_downloads(self) -> int:
        """0 below 10 downloads, 1 below 100, …, at most 8."""
        return min(len(str(self.downloads)) - 1, 8)
