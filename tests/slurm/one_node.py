"""A SLURM of one node with two GPUs that are none: started, and taken away again.

For a machine of one's own, as root: it is installed where it is missing (Debian), its
configuration is written to the place where every SLURM command looks for it, and what
was started is stopped by its process id. A SLURM that is there already is left alone.
"""

import contextlib
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from pathlib import Path

FOLDER = Path("/etc/slurm")
MARK = "# Written by a test, which removes it.\n"
GPUS = 2
MEMORY = 64_000  # MB; more than there may be, because nothing watches over it
PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")


def install():
    """Install what is missing of SLURM; start none of its services."""
    if all(map(shutil.which, PROGRAMS)):
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise RuntimeError(
            f"one of {', '.join(PROGRAMS)} is missing; install SLURM and munge,"
            " or run this as root on Debian"
        )
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run([*apt, "update"], check=True)
    install = [*apt, "install", "-y", "--no-install-recommends", *PACKAGES]
    subprocess.run(install, check=True, env=quiet)


@contextlib.contextmanager
def one_node():
    """Run a SLURM as long as the context lasts."""
    with contextlib.ExitStack() as stack:
        scratch = Path(tempfile.mkdtemp(prefix="slurm-"))
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        scratch.chmod(0o755)
        stack.enter_context(_configuration(scratch))
        key = scratch / "munge.key"
        key.touch(0o600)
        key.write_bytes(os.urandom(128))
        node = socket.gethostname().split(".")[0]
        files = [
            f"--{name}={scratch}/munge.{kind}"
            for name, kind in [("socket", "socket"), ("pid-file", "pid")]
        ]
        files += [f"--seed-file={scratch}/munge.seed", f"--key-file={key}"]
        for command in (
            ["munged", "--foreground", "--force", *files],
            ["slurmctld", "-D", "-c"],
            ["slurmd", "-D", "-N", node],
        ):
            log = stack.enter_context(open(scratch / f"{command[0]}.log", "w"))
            daemon = subprocess.Popen(command, stdout=log, stderr=log)
            stack.callback(_stop, daemon)
        stack.callback(_cancel_jobs)
        _wait_until_idle(scratch)
        yield


@contextlib.contextmanager
def _configuration(scratch):
    main, gpus = FOLDER / "slurm.conf", FOLDER / "gres.conf"
    for path in (main, gpus):
        if path.exists() and not path.read_text().startswith(MARK):
            raise RuntimeError(f"{path} is there: this machine has a SLURM of its own")
    devices = []
    for number in range(GPUS):
        devices.append(scratch / f"gpu{number}")
        os.mknod(devices[-1], stat.S_IFCHR | 0o666, os.makedev(1, 3))
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        main.write_text(MARK + _slurm_conf(scratch))
        gpus.write_text(MARK + "".join(f"Name=gpu File={path}\n" for path in devices))
        yield
    finally:
        main.unlink(missing_ok=True)
        gpus.unlink(missing_ok=True)


def _slurm_conf(scratch):
    host = socket.gethostname()
    controller, node = _free_ports(2)
    return f"""\
ClusterName=one_node
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={scratch}/munge.socket
StateSaveLocation={scratch}/state
SlurmdSpoolDir={scratch}/spool
SlurmctldPidFile={scratch}/slurmctld.pid
SlurmdPidFile={scratch}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=5,sched_min_interval=0
MinJobAge=3600
KillWait=5
ReturnToService=2
GresTypes=gpu
NodeName={host.split(".")[0]} NodeAddr=127.0.0.1 CPUs={max(2, os.cpu_count())} \
RealMemory={MEMORY} Gres=gpu:{GPUS} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def _free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _wait_until_idle(scratch, patience=120):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        ask = ["sinfo", "--noheader", "--format=%T"]
        answer = subprocess.run(ask, capture_output=True, text=True)
        if answer.stdout.strip() == "idle":
            return
        time.sleep(0.5)
    logs = [
        f"{path.name}:\n{path.read_text()[-3000:]}" for path in scratch.glob("*.log")
    ]
    raise RuntimeError(
        f"SLURM is not ready after {patience} seconds: {answer.stdout}{answer.stderr}\n"
        + "\n".join(logs)
    )


def _cancel_jobs():
    subprocess.run(["scancel", "--user=root"], timeout=60)
    for _ in range(60):
        ask = ["squeue", "--noheader"]
        if not subprocess.run(ask, capture_output=True, timeout=60).stdout:
            return
        time.sleep(0.5)


def _stop(daemon):
    daemon.terminate()
    try:
        daemon.wait(20)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
