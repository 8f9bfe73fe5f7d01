"""Search: the models of the catalogue in a full-text index on local disk, kept equal to the database.

    catalogue → follow.py → documents.py → index.py
    the user's words and filters (request.py) → question.py → query.py → engine.py: a page of hits, counts

The database is the truth; the index is made from it and may be deleted at any time.
"""
