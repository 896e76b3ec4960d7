"""The templates of a deployment in AWS, and the scripts that put them there."""
