"""`python -m lab`: makes the runs, scores a diagnosis on them."""

from lab.cli import main

if __name__ == "__main__":
    main()
