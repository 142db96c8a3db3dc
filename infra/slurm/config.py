"""The configuration files of a throw-away cluster, as text."""

from infra.slurm.shape import Layout, Ports, SlurmShape

DATABASE_USER = "slurm"
DATABASE_PASSWORD = "throw-away"
GPU_TYPE = "h100"


_CONSTANT = (
    "ClusterName=throwaway",
    "SlurmUser=root",
    "SlurmdUser=root",
    "AuthType=auth/munge",
    "CredType=cred/munge",
    "CommunicationParameters=NoInAddrAny,NoCtldInAddrAny",
    "MailProg=/bin/true",
    "SwitchType=switch/none",
    "MpiDefault=none",
    "ProctrackType=proctrack/linuxproc",
    "TaskPlugin=task/none",
    "JobAcctGatherType=jobacct_gather/linux",
    "JobAcctGatherFrequency=task=1",
    "SelectType=select/cons_tres",
    "SelectTypeParameters=CR_Core_Memory",
    "DefMemPerCPU=256",  # otherwise every job takes all memory of its node
    "SlurmdParameters=config_overrides",  # otherwise a node cannot have more CPUs than the machine
    "SchedulerType=sched/backfill",
    "SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2",
    "PreemptType=preempt/partition_prio",
    "PreemptMode=REQUEUE",
    "SlurmctldParameters=preempt_send_user_signal",
    "AccountingStorageType=accounting_storage/slurmdbd",
    "AccountingStorageHost=localhost",
    f"AccountingStorageTRES=gres/gpu,gres/gpu:{GPU_TYPE}",
    "ReturnToService=2",
    "SlurmctldTimeout=30",
    "InactiveLimit=0",
    "MinJobAge=300",
    "MaxArraySize=2001",
    "JobRequeue=1",
    "GresTypes=gpu",
)
"""The lines of slurm.conf that all clusters have."""

_LOW = "MaxTime=INFINITE State=UP PriorityTier=1"


def slurm_conf(layout: Layout, shape: SlurmShape, ports: Ports, host: str, first_job: int) -> str:
    """Return slurm.conf. `first_job` must grow from cluster to cluster, so that job ids are never reused."""
    nodes = f"n[1-{shape.nodes}]"
    return _lines(
        *_CONSTANT,
        f"SlurmctldHost={host}(127.0.0.1)",
        f"SlurmctldPort={ports.controller}",
        # A requeued job waits for cred_expire seconds; SLURM's default is two minutes.
        f"AuthInfo=socket={layout.munge_socket},cred_expire={shape.requeue_delay_seconds}",
        f"StateSaveLocation={layout.controller_state}",
        f"SlurmdSpoolDir={layout.prefix}/spool/%n",
        f"SlurmctldPidFile={layout.prefix}/run/slurmctld.pid",
        f"SlurmdPidFile={layout.prefix}/run/slurmd.%n.pid",
        f"SlurmctldLogFile={layout.log('slurmctld')}",
        f"SlurmdLogFile={layout.prefix}/log/slurmd.%n.log",
        f"AccountingStoragePort={ports.accounting}",
        f"AccountingStoragePass={layout.munge_socket}",  # AuthInfo's socket is not used for slurmdbd
        f"SlurmdTimeout={shape.node_timeout_seconds}",
        f"KillWait={shape.kill_wait_seconds}",
        f"FirstJobId={first_job}",
        *_nodes(shape, ports),
        f"PartitionName=main Nodes={nodes} Default=YES MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF",
        f"PartitionName=low Nodes={nodes} {_LOW} PreemptMode=REQUEUE GraceTime={shape.grace_seconds}",
        f"PartitionName=scavenge Nodes={nodes} {_LOW} PreemptMode=CANCEL GraceTime={shape.grace_seconds}",
    )


def _nodes(shape: SlurmShape, ports: Ports) -> list[str]:
    size = (
        f"CPUs={shape.cpus} Sockets=1 CoresPerSocket={shape.cpus} ThreadsPerCore=1 RealMemory={shape.memory_mib} "
        f"Gres=gpu:{GPU_TYPE}:{shape.gpus} State=UNKNOWN"
    )
    return [
        f"NodeName={name} NodeHostname={name} NodeAddr=127.0.0.1 Port={port} {size}"
        for name, port in zip(shape.names, ports.nodes, strict=True)
    ]


def gres_conf(layout: Layout, shape: SlurmShape) -> str:
    """Return gres.conf: every GPU has its own character device, here a link to /dev/null."""
    files = f"{layout.devices}/gpu[0-{shape.gpus - 1}]"
    return _lines(f"NodeName=n[1-{shape.nodes}] Name=gpu Type={GPU_TYPE} File={files}")


def slurmdbd_conf(layout: Layout, ports: Ports) -> str:
    """Return slurmdbd.conf; slurmdbd requires the file to have mode 600."""
    return _lines(
        "AuthType=auth/munge",
        f"AuthInfo=socket={layout.munge_socket}",
        "DbdHost=localhost",
        "DbdAddr=127.0.0.1",
        f"DbdPort={ports.accounting}",
        "CommunicationParameters=NoInAddrAny",
        "SlurmUser=root",
        "StorageType=accounting_storage/mysql",
        "StorageHost=127.0.0.1",
        f"StoragePort={ports.database}",
        f"StorageUser={DATABASE_USER}",
        f"StoragePass={DATABASE_PASSWORD}",
        "StorageLoc=slurm_acct_db",
        f"LogFile={layout.log('slurmdbd')}",
        f"PidFile={layout.prefix}/run/slurmdbd.pid",
    )


def database_sql() -> str:
    """Return the statements that create the accounting database and its user."""
    users = [f"'{DATABASE_USER}'@'{host}'" for host in ("127.0.0.1", "localhost")]
    return "; ".join(
        [
            "CREATE DATABASE IF NOT EXISTS slurm_acct_db",
            *(f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY '{DATABASE_PASSWORD}'" for user in users),
            *(f"GRANT ALL ON slurm_acct_db.* TO {user}" for user in users),
        ]
    )


def hosts(shape: SlurmShape, host: str) -> str:
    """Return /etc/hosts for the nodes: every host name of the cluster is this machine."""
    return _lines(*(f"127.0.0.1 {name}" for name in ("localhost", host, *shape.names)))


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"
