"""The runner of the tests (`scripts/test`), the coverage floors, and the history of its runs.

Until `.venv` is there only the standard library may be imported.
"""
