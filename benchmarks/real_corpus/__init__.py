"""Real files with labels: an evaluation set that no template of ours made, gathered from Debian, PyPI and npm packages.

`python -m benchmarks.real_corpus --output DIR` downloads the packages that `sources.csv` names, picks files, labels them by where
they come from, and lays them out in a development half and a test half (`halves.csv`). `python -m benchmarks.real_corpus score DIR`
measures the program's rules on one of them. Never for training, and never for tuning a threshold: docs/learning.md tells why.
"""
