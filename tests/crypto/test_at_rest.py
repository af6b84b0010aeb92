# ruff: noqa: E501 -- recorded lines stay as they were
"""What protects a folder is read from the system; the formats are the kernel's and the tools' own."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from octonext.crypto.at_rest import (
    Protection,
    StorageUnprotected,
    fscrypt,
    gocryptfs,
    prove,
    require,
    weakest,
)
from octonext.crypto.at_rest.block import (
    btrfs_members,
    cipher_of,
    crypt_devices,
    disks,
    look,
)
from octonext.crypto.at_rest.mounts import Mount, mount_at, mount_of, parse_mounts
from octonext.crypto.at_rest.pg_tde import ServerSettings, judge
from octonext.crypto.at_rest.prove import folders_of

# Lines as kernels write them, of several machines.
TABLE = """\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
31 27 0:26 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
42 27 0:39 / /srv/octonext/hq rw,nosuid,nodev,relatime - fuse.gocryptfs /srv/octonext/encrypted/hq rw,user_id=0,group_id=0,default_permissions,allow_other,max_read=131072
43 27 253:1 / /srv/a\\040disk\\134of\\011ours rw,relatime shared:1 master:2 - xfs /dev/mapper/data rw,attr2
44 27 0:40 /@data /srv/octonext/hq rw,relatime - btrfs /dev/nvme0n1p2 rw,subvol=/@data
a line of a kernel to come
"""

LUKS_KEY_512 = "0" * 128


def mount(kind: str = "ext4", device: str = "254:0", source: str = "/dev/vda") -> Mount:
    return Mount(1, device, Path("/srv"), kind, source, "rw")


def test_the_table_of_mounts_is_read_with_its_escapes() -> None:
    found = parse_mounts(TABLE)
    assert len(found) == 5
    assert found[3].point == Path("/srv/a disk\\of\tours")
    assert (found[2].kind, found[2].source) == ("fuse.gocryptfs", "/srv/octonext/encrypted/hq")


def test_the_later_mount_of_the_same_place_covers_the_earlier() -> None:
    found = mount_at(Path("/srv/octonext/hq"), parse_mounts(TABLE))
    assert found is not None
    assert found.kind == "btrfs"


def test_the_mount_of_a_folder_is_the_one_it_lies_on(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/proc/self")
    found = mount_of(tmp_path / "link")
    assert found is not None
    assert found.kind == "proc"


# From `gocryptfs -init` of version 2.3: by default, with -aessiv, with -xchacha, and of version 1.
@pytest.mark.parametrize(
    ("configuration", "cipher"),
    [
        ('{"Version":2,"FeatureFlags":["HKDF","GCMIV128","DirIV","EMENames","LongNames","Raw64"]}', "AES-256-GCM"),
        ('{"Version":2,"FeatureFlags":["HKDF","GCMIV128","AESSIV","DirIV","EMENames","LongNames","Raw64"]}', "AES-256-SIV"),
        ('{"Version":2,"FeatureFlags":["HKDF","XChaCha20Poly1305","DirIV","EMENames","LongNames","Raw64"]}', "XChaCha20-Poly1305"),
        ('{"Version":1,"FeatureFlags":["GCMIV128"]}', "unknown cipher"),
        ('{"Version":2,"FeatureFlags":[]}', "unknown cipher"),
        ("", "unknown cipher"),
    ],
)  # fmt: skip
def test_gocryptfs_tells_its_cipher(configuration: str, cipher: str) -> None:
    assert gocryptfs.cipher_of(configuration.encode()) == cipher


def test_gocryptfs_with_another_cipher_or_in_reverse_is_not_enough(tmp_path: Path) -> None:
    (tmp_path / "gocryptfs.conf").write_text('{"Version":2,"FeatureFlags":["AESSIV"]}')
    other = gocryptfs.look(mount("fuse.gocryptfs", "0:9", str(tmp_path)), tmp_path)
    reverse = gocryptfs.look(mount("fuse.gocryptfs-reverse", "0:9", str(tmp_path)), tmp_path)
    missing = gocryptfs.look(mount("fuse.gocryptfs", "0:9", str(tmp_path / "no")), tmp_path)
    found = (other, reverse, missing)
    assert all(each is not None and not each.proven and each.remedy for each in found)


# struct fscrypt_get_policy_ex_arg as ext4 filled it: size, then the policy.
V1 = struct.pack("=Q4B8s", 12, 0, 1, 4, 2, b"descript") + bytes(12)
V2 = struct.pack("=Q5B3x16s", 24, 2, 1, 4, 3, 0, b"identifier......")
V2_ADIANTUM = struct.pack("=Q5B3x16s", 24, 2, 9, 9, 6, 0, b"identifier......")


@pytest.mark.parametrize(
    ("answer", "cipher"),
    [
        (V1, "AES-256-XTS"),
        (V2, "AES-256-XTS"),
        (V2_ADIANTUM, "Adiantum"),
        (struct.pack("=Q5B3x16s", 24, 2, 5, 6, 3, 0, bytes(16)), "AES-128-CBC-ESSIV"),
        (struct.pack("=Q5B3x16s", 24, 9, 1, 4, 3, 0, bytes(16)), "unknown cipher"),
        (bytes(32), "unknown cipher"),
    ],
)
def test_an_fscrypt_policy_tells_the_cipher_of_contents(answer: bytes, cipher: str) -> None:
    assert fscrypt.contents_cipher(answer) == cipher


def test_a_folder_without_a_policy_has_none(tmp_path: Path) -> None:
    assert fscrypt.policy(tmp_path) is None
    assert fscrypt.policy(Path("/proc")) is None


class Sys:
    """A tree like /sys/dev/block and /sys/fs/btrfs, of the files that are read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "dev" / "block").mkdir(parents=True)

    def device(
        self, number: str, place: str, *, uuid: str = "", partition: bool = False, slaves: str = ""
    ) -> Path:
        folder = self.folder / "devices" / place
        folder.mkdir(parents=True)
        (folder / "dev").write_text(f"{number}\n")
        (self.folder / "dev" / "block" / number).symlink_to(folder)
        if uuid:
            (folder / "dm").mkdir()
            (folder / "dm" / "uuid").write_text(f"{uuid}\n")
            (folder / "dm" / "name").write_text(f"{place}\n")
        if partition:
            (folder / "partition").write_text("2\n")
        (folder / "slaves").mkdir()
        for slave in slaves.split():
            (folder / "slaves" / slave.replace("/", "!")).symlink_to(self.folder / "devices" / slave)
        return folder


@pytest.fixture
def sys(tmp_path: Path) -> Sys:
    return Sys(tmp_path)


CRYPT = "CRYPT-LUKS2-3f1c6a9e2d4b4c0f8a7b5e6d1c2b3a49-data"
LVM = "LVM-Pq3R7sT9uV1wX2yZ"


def test_luks_below_a_logical_volume_and_above_a_partition_is_found(sys: Sys) -> None:
    sys.device("259:0", "nvme0n1")
    sys.device("259:2", "nvme0n1/nvme0n1p2", partition=True)
    crypt = sys.device("253:0", "dm-0", uuid=CRYPT, slaves="nvme0n1/nvme0n1p2")
    sys.device("253:1", "dm-1", uuid=LVM, slaves="dm-0")
    assert crypt_devices("253:1", sys.folder) == [crypt]
    assert crypt_devices("253:0", sys.folder) == [crypt]
    assert crypt_devices("259:2", sys.folder) is None


def test_a_partition_of_an_encrypted_device_is_encrypted(sys: Sys) -> None:
    crypt = sys.device("253:0", "dm-0", uuid=CRYPT)
    sys.device("253:5", "dm-0/part1", partition=True)
    assert crypt_devices("253:5", sys.folder) == [crypt]


def test_a_mirror_of_which_one_half_is_plain_is_not_encrypted(sys: Sys) -> None:
    sys.device("8:0", "sda")
    sys.device("253:0", "dm-0", uuid=CRYPT, slaves="sda")
    sys.device("8:16", "sdb")
    sys.device("9:0", "md0", slaves="dm-0 sdb")
    assert crypt_devices("9:0", sys.folder) is None
    assert look(mount(device="9:0"), Path("/srv"), sys=sys.folder, table=lambda _: None) is None


def test_all_members_of_btrfs_count(sys: Sys) -> None:
    for number, name in (("253:0", "dm-0"), ("8:16", "sdb")):
        sys.device(number, name, uuid=CRYPT if name == "dm-0" else "")
    members = sys.folder / "fs" / "btrfs" / "9b2c" / "devices"
    members.mkdir(parents=True)
    for name in ("dm-0", "sdb"):
        (members / name).symlink_to(sys.folder / "devices" / name)
    assert btrfs_members("253:0", sys.folder) == ["253:0", "8:16"]
    assert btrfs_members("8:99", sys.folder) == ["8:99"]


def test_what_has_no_disk_has_nothing_that_could_be_encrypted(sys: Sys) -> None:
    assert disks(mount("tmpfs", "0:44", "tmpfs"), sys.folder) == []
    assert look(mount("overlay", "0:45", "overlay"), Path("/srv"), sys=sys.folder) is None


# As `dmsetup table --target crypt` shows them, without the key.
@pytest.mark.parametrize(
    ("table", "cipher"),
    [
        (f"0 2064384 crypt aes-xts-plain64 {LUKS_KEY_512} 0 7:0 32768\n", "AES-256-XTS"),
        ("0 976740352 crypt aes-xts-plain64 :64:logon:cryptsetup:3f1c6a9e-d0 0 259:2 32768 1 allow_discards\n", "AES-256-XTS"),
        (f"0 8 crypt capi:xts(aes)-plain64 {LUKS_KEY_512} 0 7:0 0", "AES-256-XTS"),
        (f"0 8 crypt aes-xts-plain64 {'0' * 64} 0 7:0 0", "AES-128-XTS"),
        (f"0 8 crypt aes-cbc-essiv:sha256 {'0' * 64} 0 7:0 0", "aes-cbc-essiv:sha256 with 256 bits"),
        (f"0 8 crypt xchacha12,aes-adiantum-plain64 {'0' * 64} 0 7:0 0", "xchacha12,aes-adiantum-plain64 with 256 bits"),
        ("0 8 linear 7:0 0", "unknown cipher"),
        ("", "unknown cipher"),
    ],
)  # fmt: skip
def test_a_device_mapper_table_tells_the_cipher(table: str, cipher: str) -> None:
    assert cipher_of(table) == cipher


@pytest.mark.parametrize(
    ("table", "proven", "remedy"),
    [
        (f"0 8 crypt aes-xts-plain64 {LUKS_KEY_512} 0 7:0 0", True, ""),
        (f"0 8 crypt aes-xts-plain64 {'0' * 64} 0 7:0 0", False, "luksFormat"),
        (None, False, "declared"),
    ],
)
def test_luks_is_proven_only_with_its_cipher(sys: Sys, table: str | None, proven: bool, remedy: str) -> None:
    sys.device("253:0", "dm-0", uuid=CRYPT)
    found = look(mount(device="253:0"), Path("/srv"), sys=sys.folder, table=lambda _name: table)
    assert found is not None
    assert (found.kind, found.proven) == ("luks", proven)
    assert remedy in found.remedy


ENCRYPTED = ServerSettings(
    table_access_method="tde_heap", wal_encrypt="on", cipher="aes_256", installed=True, plain_tables=0
)


@pytest.mark.parametrize(
    ("server", "told"),
    [
        (ServerSettings(table_access_method="heap"), "not in this database"),
        (ServerSettings(installed=True, wal_encrypt="on", cipher="aes_256", table_access_method="heap"), "use heap"),
        (ServerSettings(installed=True, wal_encrypt="off", cipher="aes_256", table_access_method="tde_heap"), "log is plain"),
        (ServerSettings(installed=True, wal_encrypt="on", table_access_method="tde_heap"), "128 bits"),
        (ServerSettings(installed=True, wal_encrypt="on", cipher="aes_128", table_access_method="tde_heap"), "aes_128"),
        (ServerSettings(installed=True, wal_encrypt="on", cipher="aes_256", table_access_method="tde_heap", plain_tables=3), "3 tables"),
    ],
)  # fmt: skip
def test_pg_tde_counts_only_with_tables_log_and_256_bits(server: ServerSettings, told: str) -> None:
    assert judge(ENCRYPTED).proven
    found = judge(server)
    assert not found.proven
    assert told in found.detail
    assert found.remedy


def test_plain_storage_is_refused_with_the_way_out(tmp_path: Path) -> None:
    found = prove(tmp_path, "gocryptfs")
    if found.kind != "none":
        pytest.skip("the temporary folder of this machine is encrypted")
    with pytest.raises(StorageUnprotected, match="sa-1 must be on gocryptfs") as refused:
        require("sa-1", found, "gocryptfs")
    assert str(tmp_path) in refused.value.message
    assert 'at_rest = "none"' in refused.value.remedy


def test_only_by_name_plain_storage_is_let_through_and_stays_unproven(tmp_path: Path) -> None:
    for said in ("none", "declared"):
        found = prove(tmp_path, said)
        require("hq", found, said)
        assert found.proven == (found.kind not in ("none", "declared"))
        assert found.proven or found.shown.endswith("NOT PROVEN")


def test_a_log_or_tablespace_that_lies_elsewhere_counts_too(tmp_path: Path) -> None:
    data, fast, big = (tmp_path / name for name in ("data", "fast", "big"))
    for each in (data / "pg_tblspc", fast, big):
        each.mkdir(parents=True)
    (data / "pg_wal").symlink_to(fast)
    (data / "pg_tblspc" / "16400").symlink_to(big)
    assert folders_of(data) == {data, fast, big}


def test_a_chain_is_as_strong_as_its_weakest_link() -> None:
    proven = Protection(kind="luks", proven=True)
    unknown = Protection(kind="luks")
    plain = Protection(kind="none")
    assert weakest([proven, plain, unknown]) is plain
    assert weakest([proven, unknown]) is unknown


def test_what_cannot_be_examined_is_not_proven(tmp_path: Path) -> None:
    found = prove(tmp_path / "not there", "luks")
    assert not found.proven
    assert os.strerror(2) in found.detail
