"""Sources of modules: one file for each, and the table of their schemes and hosts.

Sources of other packages import what they need from here; see docs/sources.md.
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
