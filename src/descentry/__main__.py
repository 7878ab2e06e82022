"""`python -m descentry`: the same as the command `descentry`."""

from descentry.cli.main import main

if __name__ == "__main__":
    main()
