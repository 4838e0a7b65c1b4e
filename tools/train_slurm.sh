#!/usr/bin/env bash
# Trains on several machines of a Slurm cluster: sbatch --nodes 2 tools/train_slurm.sh CONFIG [options of train.py]
# From the folder of the checkout, with its .venv on all machines. A job that was stopped goes on with --resume.
#SBATCH --job-name=ship-det
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=16
#SBATCH --signal=TERM@120
set -euo pipefail

[ $# -ge 1 ] || { echo 'train_slurm.sh: found no CONFIG, expected sbatch tools/train_slurm.sh CONFIG [options]' >&2; exit 2; }
# torchrun of the first machine is where all meet. Jobs on one machine need ports of their own.
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed -n 1p)
port=$((20000 + SLURM_JOB_ID % 40000))
# A process a GPU; one, which talks by gloo, where there is none.
exec srun .venv/bin/python -m torch.distributed.run --nnodes "$SLURM_NNODES" --nproc_per_node "${SLURM_GPUS_ON_NODE:-1}" \
    --rdzv_backend c10d --rdzv_endpoint "$head:$port" --rdzv_id "$SLURM_JOB_ID" \
    tools/train.py "$@"
