"""Deploys and removes the stacks of one deployment; infra/deploy and infra/destroy start it."""
