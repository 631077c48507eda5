"""The synthetic corpus: files of all categories in real formats, for training a classifier where no labelled files are at hand."""

from ifmosfs.ml.synth import slots as slots  # the patterns' slots are known to whoever loads any part of this
