"""The rewriter against a second implementation of docs/rewriting.md."""
