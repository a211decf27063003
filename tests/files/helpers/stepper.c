/*
 * Runs a program and lets it come to harm at one chosen system call.
 *
 *     stepper kill-before|kill-after CALL N 0 REPORT PROGRAM ARGUMENT...
 *     stepper fail-before|fail-after CALL N K REPORT PROGRAM ARGUMENT...
 *     stepper hold-before|freeze-before CALL N MILLISECONDS REPORT PROGRAM ARGUMENT...
 *
 * Only calls between the program's two marks count, a mark being `kill(own pid, 0)`. In whatever
 * thread, every system call counts but those of `is_of_no_concern`: what is not known counts, so
 * no call on files escapes. The N-th one (from 1) that is called CALL
 *
 * kill-before  is not made: the process is killed at its entry with SIGKILL;
 * kill-after   is made, and the process is killed before it learns so;
 * fail-before  is not made, and returns the K-th error (from 0) that it may plausibly fail with;
 * fail-after   is made, and returns that error all the same;
 * hold-before  is made so much later, while the other threads run on;
 * freeze-before is made so much later, and no thread gets past a system call meanwhile.
 *
 * REPORT gets `hit ERRNO` when the harm was done, `none` instead if the call has no K-th error; and
 * at the second mark `seen CALL COUNT` for each, and `over`.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

struct thread {
    pid_t id;
    int in_target; /* in the call that is to be harmed */
    int error;     /* to return from it */
};

static struct thread threads[256];
static pid_t program;
static int counting, marks, done;
static int seen[1024]; /* by the number of the call */
static FILE *report;
static pid_t held; /* the thread that is held, */
static volatile sig_atomic_t held_long_enough; /* until the alarm */

static void fail(const char *what) {
    perror(what);
    if (program > 0) kill(program, SIGKILL);
    exit(2);
}

static struct thread *thread_of(pid_t id) {
    struct thread *vacant = NULL;
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        if (threads[i].id == id) return &threads[i];
        if (vacant == NULL && threads[i].id == 0) vacant = &threads[i];
    }
    if (vacant == NULL) { errno = ENOMEM; fail("too many threads"); }
    memset(vacant, 0, sizeof *vacant);
    vacant->id = id;
    return vacant;
}

/* Whether the program has a file or a directory open there, and not a pipe, a socket or an event. */
static int is_file(int descriptor) {
    char path[64], target[256];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", program, descriptor);
    return readlink(path, target, sizeof target) > 0 && target[0] == '/';
}

/* Memory, time, scheduling, signals, talk between threads: no file is touched. */
static int is_of_no_concern(const struct __ptrace_syscall_info *call) {
    switch (call->entry.nr) {
    case SYS_futex: case SYS_mmap: case SYS_munmap: case SYS_mprotect: case SYS_madvise: case SYS_mremap:
    case SYS_brk: case SYS_rt_sigaction: case SYS_rt_sigprocmask: case SYS_rt_sigreturn: case SYS_sigaltstack:
    case SYS_sched_yield: case SYS_sched_getaffinity: case SYS_nanosleep: case SYS_clock_nanosleep:
    case SYS_clock_gettime: case SYS_restart_syscall: case SYS_getpid: case SYS_gettid: case SYS_getuid:
    case SYS_clone: case SYS_clone3: case SYS_set_robust_list: case SYS_rseq: case SYS_prctl:
    case SYS_exit: case SYS_exit_group: case SYS_kill: case SYS_tgkill: case SYS_getrandom: case SYS_uname:
    case SYS_epoll_pwait: case SYS_ppoll: case SYS_epoll_ctl:
#ifdef SYS_epoll_wait
    case SYS_epoll_wait: case SYS_poll:
#endif
        return 1;
    case SYS_read: case SYS_write: case SYS_close:
        return !is_file((int)call->entry.args[0]);
    case SYS_fcntl:
        return call->entry.args[1] == F_GETFD || call->entry.args[1] == F_GETFL;
    default:
        return 0;
    }
}

struct name { long nr; const char *name; int errors[5]; };

/* What each may plausibly fail with; what is not here, with EIO. */
static const struct name names[] = {
    { SYS_openat, "openat", { EIO, EMFILE, EACCES, ENOSPC, EINTR } },
    { SYS_read, "read", { EIO, EINTR } },
    { SYS_write, "write", { ENOSPC, EIO, EINTR, EFBIG } },
    { SYS_fsync, "fsync", { EIO, ENOSPC, EINTR } },
    { SYS_fdatasync, "fdatasync", { EIO, ENOSPC, EINTR } },
    { SYS_close, "close", { EIO, EINTR } },
    { SYS_flock, "flock", { EINTR, ENOLCK, EWOULDBLOCK } },
    { SYS_fstat, "fstat", { EIO } },
    { SYS_newfstatat, "newfstatat", { EIO, EACCES } },
#ifdef SYS_stat
    { SYS_stat, "stat", { EIO, EACCES } },
    { SYS_lstat, "lstat", { EIO, EACCES } },
    { SYS_open, "open", { EIO, EMFILE, EACCES, ENOSPC, EINTR } },
    { SYS_rename, "rename", { EIO, ENOSPC, EACCES } },
    { SYS_unlink, "unlink", { EIO, EACCES } },
    { SYS_mkdir, "mkdir", { ENOSPC, EACCES, EIO } },
#endif
    { SYS_statx, "statx", { EIO, EACCES } },
    { SYS_renameat, "renameat", { EIO, ENOSPC, EACCES } },
    { SYS_renameat2, "renameat2", { EIO, ENOSPC, EACCES } },
    { SYS_unlinkat, "unlinkat", { EIO, EACCES } },
    { SYS_mkdirat, "mkdirat", { ENOSPC, EACCES, EIO } },
    { SYS_statfs, "statfs", { EIO, EACCES } },
    { SYS_fstatfs, "fstatfs", { EIO } },
    { SYS_getdents64, "getdents64", { EIO } },
    { SYS_lseek, "lseek", { EIO } },
    { SYS_fcntl, "fcntl", { EMFILE } },
    { SYS_inotify_init1, "inotify_init1", { EMFILE, ENFILE } },
    { SYS_inotify_add_watch, "inotify_add_watch", { ENOSPC, EACCES } },
    { SYS_epoll_create1, "epoll_create1", { EMFILE } },
    { SYS_eventfd2, "eventfd2", { EMFILE } },
    { SYS_socketpair, "socketpair", { EMFILE } },
};

static const struct name *name_of(long nr) {
    static char number[24];
    static struct name unknown = { 0, number, { EIO } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].nr == nr) return &names[i];
    snprintf(number, sizeof number, "syscall-%ld", nr);
    return &unknown;
}

static void registers(pid_t id, int write, struct user_regs_struct *values) {
    struct iovec all = { values, sizeof *values };
    if (ptrace(write ? PTRACE_SETREGSET : PTRACE_GETREGSET, id, NT_PRSTATUS, &all) != 0 && errno != ESRCH)
        fail("registers");
}

/* At its entry: the call is not made. */
static void skip_call(pid_t id) {
#if defined(__x86_64__)
    struct user_regs_struct values;
    registers(id, 0, &values);
    values.orig_rax = -1;
    registers(id, 1, &values);
#elif defined(__aarch64__)
    int none = -1;
    struct iovec number = { &none, sizeof none };
    if (ptrace(PTRACE_SETREGSET, id, NT_ARM_SYSTEM_CALL, &number) != 0) fail("skipping a call");
#else
#error "stepper.c knows x86_64 and aarch64"
#endif
}

/* At its exit: it returns this error. */
static void return_error(pid_t id, int error) {
    struct user_regs_struct values;
    registers(id, 0, &values);
#if defined(__x86_64__)
    values.rax = -error;
#elif defined(__aarch64__)
    values.regs[0] = -error;
#endif
    registers(id, 1, &values);
}

static void hit(int error) {
    fprintf(report, "hit %d\n", error);
    done = 1;
}

static void mark(void) {
    counting = ++marks == 1;
    if (marks != 2) return;
    for (long nr = 0; nr < (long)(sizeof seen / sizeof *seen); nr++)
        if (seen[nr] > 0) fprintf(report, "seen %s %d\n", name_of(nr)->name, seen[nr]);
    fputs("over\n", report);
}

/* Counts a call that is about to be made: whether it is the one to be harmed. */
static int is_target(const struct __ptrace_syscall_info *call, const char *name, int n) {
    const unsigned long long nr = call->entry.nr;
    if (!counting || nr >= sizeof seen / sizeof *seen || is_of_no_concern(call)) return 0;
    seen[nr]++;
    return !done && seen[nr] == n && strcmp(name_of((long)nr)->name, name) == 0;
}

/* Interrupts the wait too; if it comes just before it, another thread's next call does. */
static void on_alarm(int signal) {
    (void)signal;
    held_long_enough = 1;
}

static void hold(pid_t id, int milliseconds) {
    const struct itimerval later = { { 0, 0 }, { milliseconds / 1000, milliseconds % 1000 * 1000 } };
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    if (sigaction(SIGALRM, &action, NULL) != 0 || setitimer(ITIMER_REAL, &later, NULL) != 0) fail("an alarm");
    held = id;
}

int main(int argc, char **argv) {
    if (argc < 7) return 2;
    const int failing = strncmp(argv[1], "fail", 4) == 0;
    const int after = strstr(argv[1], "after") != NULL;
    const int holding = strncmp(argv[1], "hold", 4) == 0, freezing = strncmp(argv[1], "freeze", 6) == 0;
    const char *name = argv[2];
    const int n = atoi(argv[3]), which = atoi(argv[4]);
    char **command = argv + 6;
    report = fopen(argv[5], "w");
    if (report == NULL) fail("the report");
    setvbuf(report, NULL, _IONBF, 0);
    fcntl(fileno(report), F_SETFD, FD_CLOEXEC);

    program = fork();
    if (program < 0) fail("fork");
    if (program == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(command[0], command);
        _exit(127);
    }
    int status;
    if (waitpid(program, &status, 0) != program || !WIFSTOPPED(status)) fail("starting the program");
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, program, 0, options) != 0) fail("tracing the program");
    ptrace(PTRACE_SYSCALL, program, 0, 0);

    for (;;) {
        const pid_t id = waitpid(-1, &status, __WALL);
        if (id < 0 && errno != EINTR) fail("waiting for the program");
        if (held != 0 && held_long_enough) {
            ptrace(PTRACE_SYSCALL, held, 0, 0);
            held = 0;
        }
        if (id < 0) continue;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (id == program) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            memset(thread_of(id), 0, sizeof *threads);
            continue;
        }
        long signal = 0;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            struct thread *thread = thread_of(id);
            struct __ptrace_syscall_info call;
            memset(&call, 0, sizeof call);
            if (ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof call, &call) < 0) {
                if (errno != ESRCH) fail("looking at a call");
            } else if (call.op == PTRACE_SYSCALL_INFO_ENTRY) {
                memset(thread, 0, sizeof *thread);
                thread->id = id;
                if (call.entry.nr == SYS_kill && (pid_t)call.entry.args[0] == program && call.entry.args[1] == 0) {
                    mark();
                } else if (is_target(&call, name, n)) {
                    thread->in_target = 1;
                    if (holding || freezing) {
                        hit(0);
                        thread->in_target = 0;
                        if (holding) {
                            hold(id, which);
                            continue;
                        }
                        usleep((useconds_t)which * 1000);
                    } else if (failing) {
                        thread->error = which < 5 ? name_of((long)call.entry.nr)->errors[which] : 0;
                        if (thread->error == 0) {
                            fputs("none\n", report);
                            done = 1;
                        } else if (!after) {
                            skip_call(id);
                        }
                    } else if (!after) {
                        hit(0);
                        kill(program, SIGKILL);
                    }
                }
            } else if (call.op == PTRACE_SYSCALL_INFO_EXIT && thread->in_target) {
                if (thread->error != 0) {
                    return_error(id, thread->error);
                    hit(thread->error);
                } else if (!failing && !done) {
                    hit(0);
                    kill(program, SIGKILL);
                }
                thread->in_target = 0;
            }
        } else if (status >> 16 == 0) {
            signal = WSTOPSIG(status);
            if (signal == SIGSTOP || signal == SIGTRAP) signal = 0; /* a new thread's first stop */
        }
        ptrace(PTRACE_SYSCALL, id, 0, signal);
    }
}
