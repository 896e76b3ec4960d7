"""What is computed for sheets of workbooks."""
