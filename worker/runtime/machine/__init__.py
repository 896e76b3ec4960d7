"""What the machine and its control groups let this process have."""
