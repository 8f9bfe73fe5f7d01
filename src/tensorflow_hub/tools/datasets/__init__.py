"""Examples with labels, read from folders of images and from tables."""
