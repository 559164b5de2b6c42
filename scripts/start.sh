#!/bin/sh
# Starts the service, in production unless NODE_ENV says otherwise. Node replaces the shell, so that signals reach it.
# The flag makes room for what requests leave: docs/operations.md#start
export NODE_ENV="${NODE_ENV:-production}"
exec node --max-semi-space-size=32 "$(dirname "$0")/../dist/main.js"
