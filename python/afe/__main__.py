"""`python -m afe` is the command `afe`."""

from afe.cli import main

if __name__ == "__main__":
    main()
