"""What a config asks for; imported by the Snakefile at every start."""
