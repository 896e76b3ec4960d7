"""What operators ask of a deployment: is it set up right, how does it stand, what is in force."""
