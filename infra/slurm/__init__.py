"""A throw-away SLURM cluster on one machine: real daemons, virtual nodes, fake GPUs, nothing left behind.

    python -m infra.slurm up          start two nodes and print how to use them
    python -m infra.slurm status      sinfo and squeue of the cluster
    python -m infra.slurm kill-node n1     kill a node, as a power failure does
    python -m infra.slurm down        stop everything

All files are below one directory of /tmp, and all daemons listen on 127.0.0.1. It needs root and Debian's SLURM
packages, which `up` installs. `packages` checks the requirements, `shape` has the size and file layout of a cluster,
`config` its configuration files, `commands` the command lines of its daemons, and `cluster` runs it.
"""
