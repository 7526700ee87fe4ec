#!/usr/bin/env bash
# A sweep on one machine with GPUs, which goes on when you log out. No cluster file is needed: the sweep starts a Ray
# of its own that listens on loopback alone. On that machine, with the package installed:
#
#   bash docs/cluster/one-gpu-box.sh --space attacks_64 --store runs/attacks_64
#   tldmi-sweep status runs/attacks_64
set -euo pipefail

target=${GPUS_PER_TARGET:-1}   # of a GPU; 0.5 trains two T at once on each, if both fit its memory
attack=${GPUS_PER_ATTACK:-0.5} # of a GPU
log=${LOG:-tldmi-sweep.log}

# What it needs and costs; refuses what this machine can never hold.
tldmi-sweep plan "$@" --gpus-per-target "$target" --gpus-per-attack "$attack"

setsid nohup tldmi-sweep "$@" --gpus-per-target "$target" --gpus-per-attack "$attack" \
  >"$log" 2>&1 </dev/null &
echo "running as process $!, log in $log; the same line goes on after an interruption"
