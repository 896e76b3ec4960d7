"""The commands by which an operator gets documents back: dead letters and reruns."""
