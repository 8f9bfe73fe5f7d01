"""Where `apply` runs: on this machine, on Spark, on Beam's runners."""
