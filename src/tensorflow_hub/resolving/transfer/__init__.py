"""Downloads: archives and single files, in parts, resumed, verified, with progress."""
