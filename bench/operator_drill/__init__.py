"""Ten ways in which documents break, and the operator's command for each, tried on the embedded stack."""
