"""A runtime under test and one container of it, as an engine would drive them: by command line only."""

import json
import os
import re
import shutil
import subprocess
from collections import namedtuple
from pathlib import Path

import bundle
import host

TIMEOUT = 20  # seconds for any one command of the runtime

Outcome = namedtuple("Outcome", "rc out err")


class Runtime:
    """`command` is what PODO_OCI says: a program and the arguments that make it an OCI runtime."""

    def __init__(self, command, state_root):
        self.command = command.split()
        self.root = str(state_root)
        program = shutil.which(self.command[0]) or self.command[0]
        self.command[0] = os.path.abspath(program)
        self.name = os.path.basename(program)

    @property
    def program(self):
        return self.command[0]

    def argv(self, *args, flags=()):
        return [*self.command, "--root", self.root, *flags, *map(str, args)]

    def __call__(self, *args, flags=(), stdin=None, timeout=TIMEOUT, **how):
        """Runs one command to its end. Not for `create` or `run --detach`, whose container keeps the
        pipes open."""
        done = subprocess.run(self.argv(*args, flags=flags), input=stdin, timeout=timeout,
                              stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True,
                              text=True,
                              errors="replace", **how)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def executable(self, directory):
        """A single file that is the runtime, for engines that take a path: a link when argv[0] is enough."""
        if len(self.command) == 1:
            return self.program
        path = Path(directory) / "podo-oci"
        if self.command[1:] == ["oci"]:
            path.symlink_to(self.program)
        else:
            path.write_text("#!/bin/sh\nexec " + " ".join(self.command) + ' "$@"\n')
            path.chmod(0o755)
        return str(path)


class Container:
    def __init__(self, runtime, identifier, directory, rootfs):
        self.runtime, self.id = runtime, identifier
        self.bundle = Path(directory)
        self.bundle.mkdir()
        self.rootfs = rootfs.copy_to(self.bundle / "rootfs")
        self.config = bundle.config(identifier)
        self.pid_file = self.bundle / "pid"
        self.console_socket = None

    # ---- shaping the bundle; each returns self

    @property
    def process(self):
        return self.config["process"]

    @property
    def linux(self):
        return self.config["linux"]

    @property
    def resources(self):
        return self.linux["resources"]

    def args(self, *argv):
        self.process["args"] = list(argv)
        return self

    def sh(self, script):
        return self.args("sh", "-c", script)

    def mount(self, destination, kind="bind", source=None, options=(), **rest):
        entry = {"destination": str(destination), "type": kind, "source": str(source or kind)}
        if kind == "bind" and not {"bind", "rbind"} & set(options):
            options = ["bind", *options]
        entry["options"] = list(options)
        self.config["mounts"].append({**entry, **rest})
        return self

    def without_mount(self, *destinations):
        self.config["mounts"] = [m for m in self.config["mounts"] if m["destination"] not in destinations]
        return self

    def namespace(self, kind, path=None):
        self.without_namespace(kind)
        self.linux["namespaces"].append({"type": kind, **({"path": str(path)} if path else {})})
        return self

    def without_namespace(self, *kinds):
        self.linux["namespaces"] = [n for n in self.linux["namespaces"] if n["type"] not in kinds]
        return self

    def user_namespace(self, host_id=100000, size=65536):
        """Root inside is host_id outside; the root file system is given to it."""
        host.need_user_namespaces()
        self.namespace("user")
        for kind in ("uidMappings", "gidMappings"):
            self.linux[kind] = [{"containerID": 0, "hostID": host_id, "size": size}]
        for path, _, _ in os.walk(self.rootfs):
            os.chown(path, host_id, host_id)
        return self

    def hook(self, kind, script, **rest):
        """A shell script on the host side: `sh -c script`, or a full hook when `path` is given."""
        entry = {"path": "/bin/sh", "args": ["sh", "-c", script], **rest}
        self.config.setdefault("hooks", {}).setdefault(kind, []).append(entry)
        return self

    def capabilities(self, *names, kinds=("bounding", "effective", "permitted")):
        self.process["capabilities"] = {kind: list(names) for kind in kinds}
        return self

    def shared_directory(self, name="shared", mode=0o777):
        path = self.bundle / name
        path.mkdir()
        path.chmod(mode)
        return path

    def write(self):
        (self.bundle / "config.json").write_text(json.dumps(self.config, indent=1))
        return self

    # ---- driving it

    def run(self, *flags, stdin=None, timeout=TIMEOUT, runtime_flags=(), **how):
        self.write()
        return self.runtime("run", "--bundle", self.bundle, *flags, self.id, flags=runtime_flags, stdin=stdin,
                            timeout=timeout, **how)

    def stdout(self, *flags, **how):
        """Runs it and expects success; what it printed."""
        done = self.run(*flags, **how)
        assert done.rc == 0, done
        return done.out

    def lines(self, *flags, **how):
        return self.stdout(*flags, **how).splitlines()

    def create(self, *flags, verb="create", runtime_flags=(), stdin=subprocess.DEVNULL, expect=0, **how):
        """The container's output goes to files (`output`, `errors`): it outlives this command."""
        self.write()
        argv = self.runtime.argv(verb, "--bundle", self.bundle, "--pid-file", self.pid_file, *flags, self.id,
                                 flags=runtime_flags)
        with open(self.bundle / "stdout", "a") as out, open(self.bundle / "stderr", "a") as err:
            rc = subprocess.run(argv, stdin=stdin, stdout=out, stderr=err, timeout=TIMEOUT, **how).returncode
        done = Outcome(rc, "", self.errors())
        if expect is not None:
            assert (rc == 0) == (expect == 0), done
        return done

    def start(self, expect=0):
        done = self.runtime("start", self.id)
        assert (done.rc == 0) == (expect == 0), done
        return done

    def up(self, *flags, **how):
        """create and start"""
        self.create(*flags, **how)
        self.start()
        return self

    def detach(self, *flags, **how):
        self.create("--detach", *flags, verb="run", **how)
        return self

    def output(self):
        return host.read_softly(self.bundle / "stdout")

    def errors(self):
        return host.read_softly(self.bundle / "stderr")

    @property
    def pid(self):
        return int(self.pid_file.read_text())

    def wait(self, seconds=TIMEOUT):
        """Exit code of the container's process, as its subreaper sees it: 128+N for signal N."""
        pid = self.pid
        result = []

        def ended():
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                result.append(os.waitstatus_to_exitcode(status))
            return done
        host.until(ended, seconds, f"the end of container {self.id}")
        return result[0] if result[0] >= 0 else 128 - result[0]

    def says(self, text, seconds=10):
        """Waits until the container has printed `text`."""
        host.until(lambda: text in self.output(), seconds, f"output {text!r} (had {self.output()!r})")
        return self

    def exec(self, *argv, flags=(), stdin=None, timeout=TIMEOUT, **how):
        return self.runtime("exec", *flags, self.id, *argv, stdin=stdin, timeout=timeout, **how)

    def exec_sh(self, script, *flags, **how):
        return self.exec("sh", "-c", script, flags=flags, **how)

    def state(self):
        done = self.runtime("state", self.id)
        assert done.rc == 0, done
        return json.loads(done.out)

    def status(self):
        return self.state()["status"]

    def kill(self, sig="KILL", *flags, expect=0):
        done = self.runtime("kill", *flags, self.id, sig)
        assert (done.rc == 0) == (expect == 0), done
        return done

    def delete(self, *flags, expect=0):
        done = self.runtime("delete", *flags, self.id)
        assert (done.rc == 0) == (expect == 0), done
        return done

    def stop(self):
        self.kill("KILL")
        host.until(lambda: host.process_state(self.pid) in (None, "Z"), what="the end of the process")
        host.until(lambda: self.status() == "stopped", what="state stopped")
        return self

    def refused(self, *words, flags=(), verb="create"):
        """The container cannot be made, the error says all of `words`, and nothing of it is left."""
        done = self.create(*flags, verb=verb, expect=1)
        assert done.err.strip(), "an error without a sentence"
        for word in words:
            assert re.search(word, done.err, re.I), f"{word!r} is not in: {done.err}"
        self.assert_gone()
        return done

    def assert_gone(self):
        assert self.runtime("state", self.id).rc != 0, "the runtime still knows it"
        assert self.id not in os.listdir(self.runtime.root)
        assert not host.cgroup_dirs(self.id)
        assert not [m for m in host.mounts() if self.id in m[1]]

    # ---- its cgroups: one a controller (v1), or the one there is (v2)

    @property
    def group(self):
        return host.CGROUP_ROOT / self.linux["cgroupsPath"].lstrip("/")

    def value(self, name):
        return (self.group / name).read_text().strip()

    def cgroup(self, controller):
        return host.CGROUP_ROOT / controller / self.linux["cgroupsPath"].lstrip("/")

    def knob(self, controller, name):
        return (self.cgroup(controller) / f"{name}").read_text().strip()
