"""IFMOSFS: scan, classify and stage files; mount the plan as a live folder; commit it, journaled; roll it back."""

__version__ = "0.1.0"
