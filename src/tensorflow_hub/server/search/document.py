"""A model as search knows it: one document, for its newest version that is not withdrawn."""

from __future__ import annotations

import dataclasses

from tensorflow_hub.format.kinds.table import KINDS

# How much a kind of entry stands above another of equal words: a model above one of its deployments.
_KIND_SCORE = {"placeholder": 3, "collection": 1, **{kind.card: kind.static_score for kind in KINDS}}


@dataclasses.dataclass(frozen=True)
class SearchDocument:
    """One model.

    Attributes:
      id: its row in the catalogue.
      handle: `publisher/model`.
      version: number of the version described.
      kind: of its card: module, lite, placeholder, ….
      description: the first paragraph of the card.
      card: the text of the card.
      facets: facet name → values.
      interfaces: the typed interfaces of its signatures, as `signatures.Interface` writes them.
      flags: `trainable`, `custom-ops`: what typed search can ask for beside.
      size: bytes on disk of the model itself, else of its first deployment; None when the files are not here.
      downloads: all of them, ever.
      published_at: seconds since 1970, of the version; 0 where only its documentation was imported and nobody
        knows when it was published.
      private: only readers of its publisher see it.
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
        """Orders models when there are no words to compare: those whose files are here, then the most used,
        then by kind, then the most revised.
        """
        is_here, of_kind = self.size is not None, _KIND_SCORE.get(self.kind, 0)
        return (is_here << 60) + (min(self.downloads, 2**40) << 16) + (of_kind << 8) + min(self.version, 255)

    @property
    def static_score(self) -> float:
        """Orders models with the same words: the higher, the better.

        It counts that a model is no collection, that it is no deployment or preprocessor of another, each
        power of ten of its downloads, and its first revisions.
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
