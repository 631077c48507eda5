"""One module per revision, `vNNNN_subject.py`; a released one is never edited."""
