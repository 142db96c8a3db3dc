"""A local Ray cluster of several nodes on one machine, and templates for real ones.

    python -m infra.ray up          start a head and two nodes and say how to use them
    python -m infra.ray status      resources of the cluster
    python -m infra.ray kill-node node1     pull the plug of a node
    python -m infra.ray down        stop everything
    python -m infra.ray template kuberay    print a template for a real cluster

Nodes are told apart by their loopback addresses 127.0.0.2, .3, .4, so nothing is reachable from outside, and every
request has to show a token. `ray stop`, which ends every Ray of the host, is never used: a node is a session of its own
and is ended by the number of its first process.
"""
