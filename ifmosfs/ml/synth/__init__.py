"""The synthetic corpus: files of all categories in real formats, for training a classifier where no labelled files are at hand."""
