#!/bin/bash
# For `sbatch ray_on_slurm.sh SWEEP.yaml`: a Ray cluster inside one SLURM allocation, and a sweep on it.
# The SLURM backend does not need this; it is for sites that only allocate whole nodes.
#SBATCH --job-name=adasweep-ray
#SBATCH --partition=PARTITION
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --gpus-per-node=4
#SBATCH --time=24:00:00
#SBATCH --signal=B:TERM@300
set -euo pipefail

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export RAY_AUTH_MODE=token
RAY_AUTH_TOKEN=$(python3 -c 'import secrets; print(secrets.token_hex(32))')
export RAY_AUTH_TOKEN
export RAY_API_SERVER_ADDRESS=http://127.0.0.1:8265

srun ray symmetric-run \
    --address "$head:6379" \
    --min-nodes "$SLURM_JOB_NUM_NODES" \
    -- adasweep run "$1" --backend ray --store STORE
