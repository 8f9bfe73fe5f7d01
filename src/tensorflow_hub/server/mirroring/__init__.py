"""Mirrors another hub (the upstream hub): fetches its versions when somebody asks for them."""
