"""What `make bench` measures: always beside a floor, in the same run, as a ratio."""
