"""Searches the models of the catalogue with a full-text index on local disk, which follows the database.

    catalogue → follow.py → documents.py → index.py
    the user's words and filters (request.py) → question.py → engine.py: a page of hits, counts

The index is built from the database, and may be deleted at any time.
"""
