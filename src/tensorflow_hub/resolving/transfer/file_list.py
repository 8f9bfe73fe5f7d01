"""Single files into the staging directory, several at the same time, each verified."""

from __future__ import annotations

from tensorflow_hub.network.session import HubSession
from tensorflow_hub.resolving.transfer.job import Job, Received
from tensorflow_hub.resolving.transfer.offers import FileList


def receive_files(offer: FileList, session: HubSession, job: Job) -> Received:
    """Fetches all files of a list."""
    raise NotImplementedError
