"""What people do with their rights: make tokens, invite members. For the API and for the pages."""
