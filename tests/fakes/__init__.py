"""In-memory doubles of every port. The contract suites hold them to what the real ones do."""
