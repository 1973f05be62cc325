"""Apptainer in a Debian of its own: an ordinary user builds and runs an image there.

As root, on Debian, with its packages and PyPI at hand. No image is fetched: the one
that a definition starts from is a Debian of the same release, made from the same
packages. Everything lies in one folder, and what is mounted only its own processes see,
so that nothing is left behind when they end.
"""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

# The only release of Debian that has Apptainer.
RELEASE = "sid"
HOME = "home/user"
BASE = "base.squashfs"
# How this machine reaches the network, and whom it trusts there.
NETWORK = ("etc/resolv.conf", "etc/hosts")
TRUST = ("etc/pip.conf", "usr/local/share/ca-certificates")

# The folder becomes the root, because Apptainer refuses to run in a mere chroot; then
# root's rights are given up.
ENTER = f"""
mount --bind "$0" "$0" && cd "$0" &&
mount --rbind /dev dev && mount --rbind /sys sys && mount -t proc proc proc &&
pivot_root . mnt && umount --lazy /mnt && cd "/{HOME}/$1" && shift &&
exec setpriv --reuid user --regid user --init-groups \
    env --ignore-environment HOME=/{HOME} PATH=/usr/bin:/bin "$@"
"""
PRIVATE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")


@dataclass
class Apptainer:
    """A root file system, in whose home everything is made."""

    root: Path

    @property
    def home(self):
        return self.root / HOME

    def run(self, *arguments, folder="."):
        """Call Apptainer in a folder of its home; return what it printed."""
        command = [*PRIVATE, "sh", "-c", ENTER, self.root, folder, "apptainer"]
        done = subprocess.run(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-10_000:]
        return done.stdout

    def as_root(self, *command):
        """Call a command of its Debian."""
        subprocess.run(["chroot", self.root, *command], check=True)

    def own(self, name):
        """Give what root has put into the home to the user."""
        self.as_root("chown", "-R", "user:", f"/{HOME}/{name}")


def install():
    """Install what is missing to make a Debian."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise RuntimeError("a Debian cannot be made here; run this as root on Debian")
    if shutil.which("debootstrap"):
        return
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    subprocess.run([*apt, "update"], check=True)
    subprocess.run(
        [*apt, "install", "-y", "--no-install-recommends", "debootstrap"], check=True
    )


@contextlib.contextmanager
def apptainer():
    """Make an Apptainer that is there as long as the context lasts."""
    scratch = Path(tempfile.mkdtemp(prefix="container-"))
    try:
        scratch.chmod(0o755)
        there = Apptainer(scratch / "apptainer")
        _debian(RELEASE, there.root, "--include=apptainer")
        for name in NETWORK:
            shutil.copy(Path("/", name), there.root / name)
        # A user of the system's has no second id, like users of many clusters.
        useradd = ["useradd", "--system", "--create-home", "--home-dir", f"/{HOME}"]
        there.as_root(*useradd, "user")
        yield there
    finally:
        shutil.rmtree(scratch)


def from_a_base_made_here(definition, there):
    """Return the definition with a base image that is made here, not fetched."""
    header = r"Bootstrap: docker\nFrom: debian:(\w+)-slim\n"
    (release,) = re.findall(header, definition)
    base = there.home / "base"
    _debian(release, base)
    for name in TRUST:
        if Path("/", name).is_dir():
            shutil.copytree(Path("/", name), base / name, dirs_exist_ok=True)
        elif Path("/", name).exists():
            shutil.copy(Path("/", name), base / name)
    # Of root alone and without devices, since a user unpacks it.
    options = ["-all-root", "-quiet", "-no-progress", "-e", "dev"]
    there.as_root("mksquashfs", f"/{HOME}/base", f"/{HOME}/{BASE}", *options)
    shutil.rmtree(base)
    return re.sub(header, f"Bootstrap: localimage\nFrom: /{HOME}/{BASE}\n", definition)


def _debian(release, folder, *options):
    make = ["debootstrap", "--variant=minbase", *options, release, folder]
    done = subprocess.run(
        make, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout[-10_000:]
