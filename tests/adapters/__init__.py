"""Adapters for tests: a disk in memory, disks that fail at a chosen moment, trees written as literals."""
