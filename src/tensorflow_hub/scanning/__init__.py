"""What programs and notebooks load from hubs, read from their text and without running them."""
