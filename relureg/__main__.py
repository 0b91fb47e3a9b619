"""python -m relureg"""

from relureg.cli.main import main

if __name__ == "__main__":
    main()
