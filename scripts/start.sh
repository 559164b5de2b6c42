#!/bin/sh
# Starts the service, in production unless NODE_ENV says otherwise. Node replaces the shell, so that signals reach it.
# The flag keeps pauses short beside idle connections: docs/operations.md#start
export NODE_ENV="${NODE_ENV:-production}"
exec node --no-allocation-site-pretenuring "$(dirname "$0")/../dist/main.js"
