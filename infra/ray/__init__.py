"""A local Ray cluster of several nodes on one machine, and templates for real ones.

    python -m infra.ray up          start a head and two nodes and print how to use them
    python -m infra.ray status      resources of the cluster
    python -m infra.ray kill-node node1     kill a node, as a power failure does
    python -m infra.ray down        stop everything
    python -m infra.ray template kuberay    print a template for a real cluster

Nodes have the loopback addresses 127.0.0.2, .3, .4, so nothing is reachable from outside, and every request needs a
token. `ray stop`, which stops every Ray process on the host, is never used: each node is a session of its own and is
killed by the id of its first process.
"""
