"""Engines, on which `apply` runs: this machine, Apache Spark, Apache Beam."""
