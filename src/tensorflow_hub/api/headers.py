"""The names of headers that client and hub have to spell alike."""

from __future__ import annotations

# The byte of an upload that a body begins with, or up to which the hub has it.
UPLOAD_OFFSET = "Upload-Offset"
# The bytes that an upload will have.
UPLOAD_LENGTH = "Upload-Length"
