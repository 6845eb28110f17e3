"""`python -m lambent` is the `lambent` command."""

from lambent.cli import main

if __name__ == "__main__":
    main()
