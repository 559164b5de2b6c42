#!/bin/sh
# Starts the service, in production unless NODE_ENV says otherwise. Node replaces the shell, so that signals reach it.
export NODE_ENV="${NODE_ENV:-production}"
exec node "$(dirname "$0")/../dist/main.js"
