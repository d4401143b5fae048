"""What the kernel and libc have agreed with user space about restartable sequences: one table of constants.

Each row is `NAME = value  # source: what it means`. What differs between architectures (the number of a system
call, the signature) is no row here but stands in the architecture's own file. Integers in memory are in host order.

Sources:
    rseq.h          linux/rseq.h, Linux 4.18; what came later is marked with its release
    membarrier.h    linux/membarrier.h, Linux 5.10
    auxvec.h        linux/auxvec.h, Linux 6.3
    prctl.h         linux/prctl.h, Linux 7.0
    memfd.h         linux/memfd.h, Linux 6.3
    fcntl.h         linux/fcntl.h and asm-generic/fcntl.h, Linux 3.17
    mempolicy.h     linux/mempolicy.h, Linux 2.6.7
    ptrace.h        linux/ptrace.h, Linux 5.13
    librseq         src/rseq.c at cbdabc4
    glibc           sysdeps/unix/sysv/linux/rseq-internal.h and the manual, glibc 2.35
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# struct rseq, the area that a thread shares with the kernel: offsets in bytes.
CPU_ID_START: Final = 0  # rseq.h: u32, always a possible CPU, so always safe as an index; a hint
CPU_ID: Final = 4  # rseq.h: u32 read as i32, the CPU this thread runs on; negative if not registered
RSEQ_CS: Final = 8  # rseq.h: u64, the descriptor's address; the one field that user space stores
FLAGS: Final = 16  # rseq.h: u32, read only
NODE_ID: Final = 20  # rseq.h, 6.3: u32, the NUMA node
MM_CID: Final = 24  # rseq.h, 6.3: u32, a compact number, unique among the running threads of this process
SLICE_CTRL: Final = 28  # rseq.h, 7.0: u32, the two bytes below and 16 reserved bits
SLICE_REQUEST: Final = 28  # rseq.h, 7.0: u8, user space asks for a longer time slice
SLICE_GRANTED: Final = 29  # rseq.h, 7.0: u8, the kernel granted it
AREA_SIZE: Final = 32  # rseq.h: bytes of the first struct rseq, and the least length that can be registered
AREA_ALIGNMENT: Final = 32  # rseq.h: of an area registered with exactly AREA_SIZE; longer ones ask AT_RSEQ_ALIGN

# How many bytes of the area the kernel keeps up to date (AT_RSEQ_FEATURE_SIZE).
FEATURE_SIZE_FIRST: Final = 20  # librseq: 4.18 to 6.2, which have no auxv entry; as far as `flags`
FEATURE_SIZE_NODE_ID: Final = 24  # librseq: the end of node_id
FEATURE_SIZE_MM_CID: Final = 28  # librseq: the end of mm_cid

# Values of cpu_id that are no CPU.
CPU_ID_UNINITIALIZED: Final = -1  # rseq.h: never registered, or unregistered
CPU_ID_REGISTRATION_FAILED: Final = -2  # rseq.h: set by libc when registration failed or is turned off

# Bits of the area's flags.
FLAG_NO_RESTART_ON_PREEMPT: Final = 1 << 0  # rseq.h: deprecated in 6.1, must be 0
FLAG_NO_RESTART_ON_SIGNAL: Final = 1 << 1  # rseq.h: deprecated in 6.1, must be 0
FLAG_NO_RESTART_ON_MIGRATE: Final = 1 << 2  # rseq.h: deprecated in 6.1, must be 0
FLAG_SLICE_EXT_AVAILABLE: Final = 1 << 4  # rseq.h, 7.0: this thread may ask for longer time slices
FLAG_SLICE_EXT_ENABLED: Final = 1 << 5  # rseq.h, 7.0: and it is switched on

# struct rseq_cs, the descriptor of a critical section: offsets in bytes.
CS_VERSION: Final = 0  # rseq.h: u32, must be 0
CS_FLAGS: Final = 4  # rseq.h: u32, must be 0
CS_START_IP: Final = 8  # rseq.h: u64, the first instruction
CS_POST_COMMIT_OFFSET: Final = 16  # rseq.h: u64, length; the end is exclusive
CS_ABORT_IP: Final = 24  # rseq.h: u64, where an aborted section goes on; must be outside of it
CS_SIZE: Final = 32  # rseq.h: bytes of a descriptor
CS_ALIGNMENT: Final = 32  # rseq.h: part of the C type; the kernel does not look at it
SIGNATURE_SIZE: Final = 4  # rseq.h: bytes of the signature, which stands just before abort_ip

# The system call rseq(area, length, flags, signature).
RSEQ_FLAG_REGISTER: Final = 0  # rseq.h: no flag means register
RSEQ_FLAG_UNREGISTER: Final = 1 << 0  # rseq.h
RSEQ_FLAG_SLICE_EXT_DEFAULT_ON: Final = 1 << 1  # rseq.h, 7.0: register with longer time slices switched on

# Types of entries in the auxiliary vector; getauxval() answers 0 where the kernel has no such entry.
AT_RSEQ_FEATURE_SIZE: Final = 27  # auxvec.h, 6.3: bytes of the area that the kernel keeps up to date
AT_RSEQ_ALIGN: Final = 28  # auxvec.h, 6.3: alignment of an area longer than AREA_SIZE

# Symbols that glibc 2.35 and later export.
OFFSET_SYMBOL: Final = "__rseq_offset"  # glibc: ptrdiff_t, area - thread pointer; differs per process, often negative
SIZE_SYMBOL: Final = "__rseq_size"  # glibc: unsigned int, 0 if libc does not register
FLAGS_SYMBOL: Final = "__rseq_flags"  # glibc: unsigned int, 0 so far
TUNABLE: Final = "glibc.pthread.rseq"  # glibc: GLIBC_TUNABLES=glibc.pthread.rseq=0 turns registration off
LIBC_SIZES_AMBIGUOUS: Final = (20, 32)  # librseq: both say "32 bytes are there", not how many are kept up to date

# membarrier(command, flags, cpu).
MEMBARRIER_CMD_QUERY: Final = 0  # membarrier.h: answers a mask of the commands below
MEMBARRIER_CMD_GLOBAL_EXPEDITED: Final = 1 << 1  # membarrier.h: a fence on all CPUs that run a registered process
MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED: Final = 1 << 2  # membarrier.h: to be fenced by others; inherited by fork
MEMBARRIER_CMD_PRIVATE_EXPEDITED: Final = 1 << 3  # membarrier.h: a fence on all CPUs; does not restart sections
MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED: Final = 1 << 4  # membarrier.h
MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE: Final = 1 << 5  # membarrier.h: and forgets stale instructions
MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE: Final = 1 << 6  # membarrier.h
MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ: Final = 1 << 7  # membarrier.h, 5.10: and restarts running sections
MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ: Final = 1 << 8  # membarrier.h, 5.10: inherited by fork
MEMBARRIER_CMD_FLAG_CPU: Final = 1 << 0  # membarrier.h, 5.10: only the CPU in the third argument

# mbind(address, length, mode, node mask, bits of it, flags).
MPOL_PREFERRED: Final = 1  # mempolicy.h: from this node, and where it is full from another one

# prctl(PR_RSEQ_SLICE_EXTENSION, get or set, bits, 0, 0).
PR_RSEQ_SLICE_EXTENSION: Final = 79  # prctl.h, 7.0
PR_RSEQ_SLICE_EXTENSION_GET: Final = 1  # prctl.h, 7.0
PR_RSEQ_SLICE_EXTENSION_SET: Final = 2  # prctl.h, 7.0
PR_RSEQ_SLICE_EXT_ENABLE: Final = 1  # prctl.h, 7.0

# ptrace(PTRACE_GET_RSEQ_CONFIGURATION, pid, 24, {u64 area, u32 length, u32 signature, u32 flags, u32 0}).
PTRACE_GET_RSEQ_CONFIGURATION: Final = 0x420F  # ptrace.h, 5.13

# Files. Python's modules have these where it was built for a libc that has them, which many a Python was not.
MFD_CLOEXEC: Final = 0x1  # memfd.h
MFD_ALLOW_SEALING: Final = 0x2  # memfd.h
MFD_EXEC: Final = 0x10  # memfd.h, 6.3: asks for an executable file where vm.memfd_noexec is 1
F_OFD_GETLK: Final = 36  # fcntl.h: who has locked these bytes
F_OFD_SETLK: Final = 37  # fcntl.h: lock them for this open file description; it does not wait
F_ADD_SEALS: Final = 1024 + 9  # fcntl.h
F_GET_SEALS: Final = 1024 + 10  # fcntl.h
F_SEAL_SEAL: Final = 0x1  # fcntl.h: no more seals
F_SEAL_SHRINK: Final = 0x2  # fcntl.h: the file gets no shorter
