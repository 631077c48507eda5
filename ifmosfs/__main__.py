"""`python -m ifmosfs`."""

from ifmosfs.cli.main import run

if __name__ == "__main__":
    run()
