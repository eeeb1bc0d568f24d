#!/bin/sh
# Prints what the functions need beside the Lambda runtime, with hashes, from the lock. boto3 and what belongs to it
# come with the runtime; PynamoDB would drag botocore in.
set -eu
cd "$(dirname "$0")/../.."
echo "# Made from uv.lock by layers/dependencies/export.sh; make sam-build keeps it up to date."
uv export --quiet --frozen --no-dev --no-emit-project --no-annotate --no-header \
    --no-emit-package botocore --no-emit-package jmespath --format requirements-txt
