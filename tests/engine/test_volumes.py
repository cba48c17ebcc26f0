"""Volumes and mounts."""

import json
import os


def test_a_named_volume_keeps_what_was_written(engine):
    engine.docker("volume", "create", "--label", "a=b", "data")
    engine.docker("run", "--rm", "-v", "data:/d", "busybox", "sh", "-c", "echo kept > /d/file")
    assert (
        engine.docker(
            "run", "--rm", "--mount", "type=volume,src=data,dst=/e,readonly", "busybox", "cat", "/e/file"
        )
        == "kept"
    )
    assert engine.docker("run", "--rm", "-v", "data:/d:ro", "busybox", "touch", "/d/x", code=1) == ""
    engine.docker("run", "-d", "--name", "user", "-v", "data:/d", "busybox", "sleep", "100")
    assert "volume is in use" in engine.fails("volume", "rm", "data")
    shown = json.loads(engine.docker("volume", "inspect", "data"))[0]
    assert shown["Labels"] == {"a": "b"} and os.path.isfile(shown["Mountpoint"] + "/file")
    engine.docker("rm", "-f", "user")
    engine.docker("volume", "rm", "data")
    assert "no such volume" in engine.fails("volume", "rm", "data")


def test_an_empty_volume_gets_what_the_image_has_there(engine):
    assert "passwd" in engine.docker("run", "--rm", "-v", "fresh:/etc", "busybox", "ls", "/etc")
    assert (
        engine.docker("run", "--rm", "-v", "home:/home/web", "busybox", "stat", "-c", "%u:%g", "/home/web")
        == "1000:1000"
    )
    assert "passwd" not in engine.docker("run", "--rm", "-v", "bare:/etc:nocopy", "busybox", "ls", "/etc")


def test_anonymous_volumes_go_with_rm(engine):
    engine.docker("run", "--rm", "-v", "/anon", "busybox", "true")
    engine.docker("run", "--name", "keep", "-v", "/anon", "busybox", "true")
    assert len(engine.docker("volume", "ls", "-q").split()) == 1
    engine.docker("rm", "-v", "keep")
    assert engine.docker("volume", "ls", "-q") == ""


def test_bind_mounts(engine, tmp_path):
    (tmp_path / "file").write_text("host")
    assert (
        engine.docker(
            "run",
            "--rm",
            "-v",
            f"{tmp_path}:/host",
            "busybox",
            "sh",
            "-c",
            "cat /host/file; echo in > /host/back",
        )
        == "host"
    )
    assert (tmp_path / "back").read_text() == "in\n"
    engine.docker("run", "--rm", "-v", f"{tmp_path}/made:/x", "busybox", "touch", "/x/y")
    assert (tmp_path / "made/y").exists()
    assert (
        engine.docker(
            "run", "--rm", "-v", f"{tmp_path}/file:/f:ro", "busybox", "sh", "-c", "echo x > /f", code=1
        )
        == ""
    )


def test_volumes_from_subpaths_and_tmpfs(engine):
    engine.docker(
        "run",
        "--name",
        "source",
        "-v",
        "vol:/v",
        "busybox",
        "sh",
        "-c",
        "mkdir /v/sub; echo deep > /v/sub/file",
    )
    assert engine.docker("run", "--rm", "--volumes-from", "source", "busybox", "cat", "/v/sub/file") == "deep"
    assert (
        engine.docker(
            "run",
            "--rm",
            "--mount",
            "type=volume,src=vol,dst=/s,volume-subpath=sub",
            "busybox",
            "cat",
            "/s/file",
        )
        == "deep"
    )
    assert (
        engine.docker(
            "run",
            "--rm",
            "--mount",
            "type=tmpfs,dst=/t,tmpfs-size=2m,tmpfs-mode=700",
            "busybox",
            "sh",
            "-c",
            "df -k /t | tail -1 | awk '{print $2}'; stat -c %a /t",
        )
        == "2048\n700"
    )
    assert "Duplicate mount point" in engine.fails(
        "run",
        "--rm",
        "--mount",
        "type=volume,src=v1,dst=/x",
        "--mount",
        "type=volume,src=v2,dst=/x",
        "busybox",
        code=125,
    )


def test_volume_prune(engine):
    engine.docker("volume", "create", "unused")
    engine.docker("run", "-d", "-v", "used:/x", "busybox", "sleep", "100")
    assert "unused" in engine.docker("volume", "prune", "-a", "-f")
    assert engine.docker("volume", "ls", "-q") == "used"
