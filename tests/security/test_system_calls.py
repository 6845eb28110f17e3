"""System calls by which code would leave its sandbox or reach into the kernel, tried from within: each must be refused."""

import os

import pytest

from tests.contract.sandbox_inside import Inside

pytestmark = pytest.mark.native

SYSTEM_CALL = """
    import ctypes, errno, os
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    def call(*arguments):
        result = libc.syscall(*arguments)
        return errno.errorcode[ctypes.get_errno()] if result < 0 else "allowed"
"""
REFUSED = {"EPERM", "EACCES", "ENOSYS", "EAFNOSUPPORT"}


async def tried(inside: Inside, expression: str) -> str:
    return await inside.run(SYSTEM_CALL + f"\n    result = {expression}")


@pytest.mark.parametrize(
    "call",
    [
        "call(272, 0x10000000)",  # unshare, user namespace
        "call(272, 0x00020000)",  # unshare, mounts
        "call(56, 0x10000011, 0, 0, 0, 0)",  # clone into a user namespace
        "call(56, 0x40000011, 0, 0, 0, 0)",  # clone into a network namespace
        "call(435, 0, 0)",  # clone3
        "call(308, os.open('/proc/self/ns/mnt', os.O_RDONLY), 0)",  # setns
        "call(165, b'proc', b'/tmp', b'proc', 0, 0)",  # mount
        "call(166, b'/proc/sys', 2)",  # umount2
        "call(428, -100, b'/proc', 1)",  # open_tree
        "call(430, b'tmpfs', 0)",  # fsopen
        "call(155, b'/tmp', b'/tmp')",  # pivot_root
        "call(161, b'/tmp')",  # chroot
        "call(101, 16, 1, 0, 0)",  # ptrace, attach to process 1
        "call(101, 0, 0, 0, 0)",  # ptrace, trace me
        "call(310, 1, 0, 0, 0, 0, 0)",  # process_vm_readv
        "call(438, 0, 0, 0)",  # pidfd_getfd
        "call(321, 0, 0, 0)",  # bpf
        "call(425, 8, 0)",  # io_uring_setup
        "call(250, 0, -3, 1)",  # keyctl
        "call(248, b'user', b'x', b'y', 1, -3)",  # add_key
        "call(298, 0, 0, -1, -1, 0)",  # perf_event_open
        "call(323, 0)",  # userfaultfd
        "call(304, -1, 0, 0)",  # open_by_handle_at
        "call(175, 0, 0, b'')",  # init_module
        "call(246, 0, 0, 0, 0)",  # kexec_load
        "call(169, 0xfee1dead, 672274793, 0x1234567)",  # reboot
        "call(170, b'x', 1)",  # sethostname
        "call(135, 0x0040000)",  # personality: no address randomisation
        "call(103, 3, 0, 0)",  # syslog
        "call(311, 1, 0, 0, 0, 0, 0)",  # process_vm_writev
        "call(440, 0, 0, 0, 0, 0)",  # process_madvise
        "call(312, 1, os.getpid(), 0, 0, 0)",  # kcmp
        "call(442, -100, b'/', 0, 0, 0)",  # mount_setattr
        "call(429, -1, b'', -1, b'/tmp', 0)",  # move_mount
        "call(303, -100, b'/', 0, 0, 0)",  # name_to_handle_at
        "call(300, 0, 0)",  # fanotify_init
        "call(313, -1, b'', 0)",  # finit_module
        "call(176, b'loop', 0)",  # delete_module
        "call(320, -1, -1, 0, 0, 0)",  # kexec_file_load
        "call(249, b'user', b'x', 0, -3)",  # request_key
        "call(426, 0, 0, 0, 0, 0, 0)",  # io_uring_enter
        "call(447, 0)",  # memfd_secret
        "call(154, 0, 0, 0)",  # modify_ldt
        "call(172, 3)",  # iopl
        "call(167, b'/tmp/x', 0)",  # swapon
        "call(163, b'/tmp/x')",  # acct
        "call(179, 0, 0, 0, 0)",  # quotactl
        "call(227, 0, 0)",  # clock_settime
        "call(279, 1, 0, 0, 0, 0, 0)",  # move_pages
        "call(153)",  # vhangup
    ],
)
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="system call numbers of x86_64")
async def test_system_calls_that_reach_out_are_refused(inside: Inside, call: str) -> None:
    assert await tried(inside, call) in REFUSED
