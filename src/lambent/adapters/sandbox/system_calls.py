"""Which system calls sandboxed code may make without conditions, by what they are for, and which are refused by name."""

from collections.abc import Mapping

ALLOWED: Mapping[str, tuple[str, ...]] = {
    # JUSTIFICATION: reading and writing files. What may be touched is decided by mounts, the user and its lack of capabilities.
    "files": (
        "access", "chdir", "chmod", "chown", "close", "close_range", "copy_file_range", "creat", "dup", "dup2", "dup3",
        "faccessat", "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchownat",
        "fcntl", "fdatasync", "fgetxattr", "flistxattr", "flock", "fremovexattr", "fsetxattr", "fstat", "fstatfs", "fsync",
        "ftruncate", "futimesat", "getcwd", "getdents", "getdents64", "getxattr", "lchown", "lgetxattr", "link", "linkat",
        "listxattr", "llistxattr", "lremovexattr", "lseek", "lsetxattr", "lstat", "mkdir", "mkdirat", "mknod", "mknodat",
        "newfstatat", "open", "openat", "openat2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read",
        "readahead", "readlink", "readlinkat", "readv", "removexattr", "rename", "renameat", "renameat2", "rmdir", "sendfile",
        "setxattr", "splice", "stat", "statfs", "statx", "symlink", "symlinkat", "sync", "sync_file_range", "syncfs", "tee",
        "truncate", "umask", "unlink", "unlinkat", "utime", "utimensat", "utimes", "vmsplice", "write", "writev", "cachestat",
    ),
    # JUSTIFICATION: memory of its own; how much is the control group's matter.
    "memory": (
        "brk", "madvise", "map_shadow_stack", "membarrier", "memfd_create", "mincore", "mlock", "mlock2", "mlockall", "mmap",
        "mprotect", "mremap", "mseal", "msync", "munlock", "munlockall", "munmap", "pkey_alloc", "pkey_free", "pkey_mprotect",
        "remap_file_pages",
    ),
    # JUSTIFICATION: starting, ending and waiting for processes of its own; how many is the control group's matter. clone is
    # conditional; unshare, setns and clone3 are not here.
    "processes": (
        "arch_prctl", "execve", "execveat", "exit", "exit_group", "fork", "get_robust_list", "get_thread_area", "getpgid",
        "getpgrp", "getpid", "getppid", "getsid", "gettid", "pidfd_open", "pidfd_send_signal", "prctl", "process_mrelease",
        "restart_syscall", "rseq", "set_robust_list", "set_thread_area", "set_tid_address", "setpgid", "setsid", "vfork",
        "wait4", "waitid",
    ),
    # JUSTIFICATION: signals; across sandboxes they are stopped by the process and user namespaces.
    "signals": (
        "kill", "pause", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend",
        "rt_sigtimedwait", "rt_tgsigqueueinfo", "sigaltstack", "signalfd", "signalfd4", "tgkill", "tkill",
    ),
    # JUSTIFICATION: reading clocks, timers, sleeping. Setting a clock is refused.
    "time": (
        "alarm", "clock_getres", "clock_gettime", "clock_nanosleep", "getitimer", "gettimeofday", "nanosleep", "setitimer",
        "time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create",
        "timerfd_gettime", "timerfd_settime", "times",
    ),
    # JUSTIFICATION: sockets of the families that `socket` is allowed to make; who is reachable is the network namespace's matter.
    "sockets": (
        "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recvfrom", "recvmmsg",
        "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown", "socketpair",
    ),
    # JUSTIFICATION: event loops, and talk between its own processes; System V and POSIX objects live in its IPC namespace.
    "events": (
        "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd", "eventfd2",
        "fanotify_mark", "futex", "futex_requeue", "futex_wait", "futex_waitv", "futex_wake", "inotify_add_watch",
        "inotify_init", "inotify_init1", "inotify_rm_watch", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents",
        "io_setup", "io_submit", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink",
        "msgctl", "msgget", "msgrcv", "msgsnd", "pipe", "pipe2", "poll", "ppoll", "pselect6", "select", "semctl", "semget",
        "semop", "semtimedop", "shmat", "shmctl", "shmdt", "shmget",
    ),
    # JUSTIFICATION: asking who and where it is. The set* calls succeed only for what it already is: it has no capability.
    "identity": (
        "capget", "capset", "getegid", "geteuid", "getgid", "getgroups", "getresgid", "getresuid", "getuid", "setfsgid",
        "setfsuid", "setgid", "setgroups", "setregid", "setresgid", "setresuid", "setreuid", "setuid", "sysinfo", "uname",
    ),
    # JUSTIFICATION: scheduling and limits within what it was given: without CAP_SYS_NICE and CAP_SYS_RESOURCE only downwards.
    "scheduling": (
        "getcpu", "getpriority", "getrlimit", "getrusage", "ioprio_get", "ioprio_set", "prlimit64", "sched_get_priority_max",
        "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler",
        "sched_rr_get_interval", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield",
        "setpriority", "setrlimit",
    ),
    # JUSTIFICATION: randomness, and giving up rights of its own: browsers and other careful programs put cages into ours.
    "rights": (
        "getrandom", "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "seccomp",
    ),
}  # fmt: skip
"""Docker's default profile by purpose, less `chroot`, `fanotify_init`, `memfd_secret`, `modify_ldt`, `name_to_handle_at`,
`kcmp`, `pidfd_getfd`, `process_vm_*`, `ptrace` and `syslog`, and with conditions on `clone`, `ioctl`, `personality`, `socket`."""

REFUSED: tuple[str, ...] = (
    # Namespaces and mounts: the walls themselves.
    "chroot", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree", "pivot_root",
    "setns", "umount2", "unshare",
    # Looking into other processes.
    "kcmp", "perf_event_open", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace",
    # Code and keys in the kernel, and interfaces with a history of holes.
    "add_key", "bpf", "delete_module", "fanotify_init", "finit_module", "init_module", "io_uring_enter", "io_uring_register",
    "io_uring_setup", "kexec_file_load", "kexec_load", "keyctl", "modify_ldt", "request_key", "userfaultfd",
    # The machine as a whole.
    "acct", "adjtimex", "clock_adjtime", "clock_settime", "ioperm", "iopl", "lookup_dcookie", "name_to_handle_at",
    "open_by_handle_at", "quotactl", "quotactl_fd", "reboot", "setdomainname", "sethostname", "settimeofday", "swapoff",
    "swapon", "syslog", "vhangup",
    # Placing memory on nodes: libraries that ask for it go on without.
    "get_mempolicy", "mbind", "migrate_pages", "move_pages", "set_mempolicy", "set_mempolicy_home_node",
)  # fmt: skip
"""Known system calls that answer EPERM, which programs understand as "not permitted here"; everything else answers ENOSYS."""

NEWER_THAN_LIBSECCOMP: Mapping[str, int] = {
    "cachestat": 451,
    "fchmodat2": 452,
    "map_shadow_stack": 453,
    "futex_wake": 454,
    "futex_wait": 455,
    "futex_requeue": 456,
    "mseal": 462,
}
"""Numbers are the same on every architecture since 424; older libseccomp does not know these names."""
