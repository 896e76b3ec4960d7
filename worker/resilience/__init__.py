"""Retries, circuit breaker and rate limiter; clock, random and wait are arguments."""
