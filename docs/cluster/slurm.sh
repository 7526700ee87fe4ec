#!/usr/bin/env bash
# A sweep on machines that Slurm lends. From the project's folder, with the package in ~/venv of a home that every
# node sees, and a store that every node sees:
#
#   sbatch docs/cluster/slurm.sh --space attacks_64 --store /shared/tldmi
#
# When the time is up, submit the same line again: the sweep goes on where it was.
#SBATCH --job-name=tldmi-sweep
#SBATCH --nodes=3
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --gpus-per-node=1
#SBATCH --time=24:00:00
set -euo pipefail

source "${TLDMI_VENV:-$HOME/venv}/bin/activate"
nodes=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${nodes%%$'\n'*}
port=$((20000 + SLURM_JOB_ID % 20000)) # its own, as other jobs may share the node

# Nodes and driver show this to each other. It is handed on in the environment, never in a command line.
RAY_AUTH_TOKEN=$(python3 -c 'import secrets; print(secrets.token_hex(32))')
export RAY_AUTH_TOKEN RAY_AUTH_MODE=token
export RAY_task_oom_retries=3 # what never fits a node is not started again for ever

# Starts Ray on every node, runs the sweep on the first one when all are there, and stops Ray.
srun --nodes="$SLURM_JOB_NUM_NODES" --ntasks="$SLURM_JOB_NUM_NODES" \
  ray symmetric-run --address "$head:$port" --min-nodes "$SLURM_JOB_NUM_NODES" \
  --num-cpus "$SLURM_CPUS_PER_TASK" --object-store-memory 100000000 \
  -- tldmi-sweep "$@" --address "$head:$port"
