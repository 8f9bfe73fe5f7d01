"""Actions of users that need rights: making tokens, inviting members. Used by the API and by the pages."""
