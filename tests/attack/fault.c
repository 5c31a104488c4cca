/* Makes the N-th write or sync of files below a folder fail, or kills the process there. For LD_PRELOAD.
 *
 * FAULT_BELOW   the folder; other files are left alone
 * FAULT_AT      which call, from 1; 0 only counts
 * FAULT_KIND    eio, enospc: the call fails so, once; torn: half of it is written, then the process is killed;
 *               kill: the process is killed before the call; after: right after it
 * FAULT_STICKY  set: all later calls fail too (a disk that stays full or broken)
 * FAULT_COUNT   a file into which the number of calls so far is written at the end of the process
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;
static long at = -1;
static const char *below, *kind;
static int sticky;

__attribute__((constructor)) static void begin(void) {
    const char *n = getenv("FAULT_AT");
    below = getenv("FAULT_BELOW");
    kind = getenv("FAULT_KIND");
    sticky = getenv("FAULT_STICKY") != NULL;
    at = n ? atol(n) : 0;
    if (!kind) kind = "";
}

__attribute__((destructor)) static void end(void) {
    const char *name = getenv("FAULT_COUNT");
    FILE *out = name ? fopen(name, "w") : NULL;
    if (out) {
        fprintf(out, "%ld\n", (long)calls);
        fclose(out);
    }
}

static int ours(int fd) {
    char link[64], path[PATH_MAX];
    if (!below) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return strncmp(path, below, strlen(below)) == 0;
}

static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

/* 0: go on; otherwise the errno to fail with. Sets torn or after where they are due. */
static int strike(int fd, int *torn, int *after) {
    if (!ours(fd)) return 0;
    long n = atomic_fetch_add(&calls, 1) + 1;
    if (at <= 0 || n < at || (n > at && !sticky)) return 0;
    if (!strcmp(kind, "eio")) return EIO;
    if (!strcmp(kind, "enospc")) return ENOSPC;
    if (!strcmp(kind, "kill")) die();
    *torn = !strcmp(kind, "torn");
    *after = !strcmp(kind, "after");
    return 0;
}

#define REAL(name, result, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

#define DATA(name, more, given) \
    ssize_t name(int fd, const void *data, size_t length more) { \
        REAL(name, ssize_t, int, const void *, size_t more); \
        int torn = 0, after = 0, failed = strike(fd, &torn, &after); \
        if (failed) { errno = failed; return -1; } \
        ssize_t done = real(fd, data, torn ? length / 2 : length given); \
        if (torn || after) die(); \
        return done; \
    }
#define AT(type) , type offset
#define GIVEN , offset
#define NOTHING
DATA(write, NOTHING, NOTHING)
DATA(pwrite, AT(off_t), GIVEN)
DATA(pwrite64, AT(off64_t), GIVEN)

#define SYNC(name, more, given) \
    int name(int fd more) { \
        REAL(name, int, int more); \
        int torn = 0, after = 0, failed = strike(fd, &torn, &after); \
        if (failed) { errno = failed; return -1; } \
        if (torn) die(); \
        int done = real(fd given); \
        if (after) die(); \
        return done; \
    }
SYNC(fsync, NOTHING, NOTHING)
SYNC(fdatasync, NOTHING, NOTHING)
SYNC(ftruncate, AT(off_t), GIVEN)
SYNC(ftruncate64, AT(off64_t), GIVEN)
