"""Where modules come from: one file a source, and the table of schemes and hosts that finds it.

What a source of another package needs is imported from here; see docs/sources.md.
"""

from tensorflow_hub.resolving.sources.source import About, Candidate, Failure, Location, Source
from tensorflow_hub.resolving.transfer.offers import (
    Archive,
    BucketDirectory,
    FileList,
    IndexedArchive,
    Offer,
    OwnTransfer,
    Referral,
    RemoteFile,
)

__all__ = [
    "About",
    "Archive",
    "BucketDirectory",
    "Candidate",
    "Failure",
    "FileList",
    "IndexedArchive",
    "Location",
    "Offer",
    "OwnTransfer",
    "Referral",
    "RemoteFile",
    "Source",
]
