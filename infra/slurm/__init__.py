"""A throw-away SLURM cluster on one machine: real daemons, virtual nodes, fake GPUs, nothing left behind.

    python -m infra.slurm up          start two nodes and say how to use them
    python -m infra.slurm status      sinfo and squeue of the cluster
    python -m infra.slurm kill-node n1     pull the plug of a node
    python -m infra.slurm down        stop everything

Everything lives below one directory of /tmp and listens on 127.0.0.1. It needs root and Debian's SLURM packages, which
`up` installs. `packages` is what has to be there, `shape` what a cluster looks like and where its files are, `config`
the text of its configuration, `commands` the command lines of its daemons, `cluster` the cluster as it runs.
"""
