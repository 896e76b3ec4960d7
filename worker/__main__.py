"""`python -m worker`: the same as the command `cis-worker`."""

from worker.cli.main import main

main()
