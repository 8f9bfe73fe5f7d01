"""Static analysis of programs and notebooks: which modules they load, without running them."""
