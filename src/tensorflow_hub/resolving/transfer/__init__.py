"""How bytes come: streams, ranges, single files; resumed, verified, with progress."""
