"""`python -m tensorflow_hub` is the command `tfhub`."""

from tensorflow_hub.cli.main import main

if __name__ == "__main__":
    main()
