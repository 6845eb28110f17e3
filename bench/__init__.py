"""`python -m bench` measures Lambent beside other tools in the same run (docs/benchmarks.md says how and what each key means)."""
