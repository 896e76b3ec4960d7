"""Where CPU and memory of a worker go, for its developers (`make profile`); CIS_PROFILE turns it on."""
