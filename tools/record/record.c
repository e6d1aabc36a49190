/*
 * record.c - an LD_PRELOAD library that writes down every call a program
 * makes to the C allocator.
 *
 *     cc -O2 -fno-builtin -fPIC -shared -fvisibility=hidden -o record.so record.c
 *     BUFLIB_RECORD=/abs/path/prefix LD_PRELOAD=$PWD/record.so program args
 *
 * Each process writes PREFIX.PID.N.raw: one 32-byte header, then 32-byte
 * events, then zeros up to the end of the file (N counts the images a process
 * has run through exec).  convert.py turns these files into traces.
 *
 * How it works:
 *
 * - One lock covers the real call and the event, so the order of the events is
 *   the order of the calls, whatever thread they come from: an address is never
 *   seen to be handed out again before its free is on record.  The lock is
 *   recursive, because handlers of fork may allocate while we hold it.
 *
 * - Events go straight into a shared mapping of a window of the file.  There is
 *   nothing to flush, so exec, _exit and fatal signals lose nothing; and no
 *   descriptor stays open for the program to trip over or to close.
 *
 * - Nothing here uses malloc.  But dlsym, which finds the real allocator, may itself allocate.  Such calls come
 *   back to us with `inside` set and are served from a small static arena; they
 *   are not the program's and are not recorded.
 *
 * - A child of fork starts a file of its own.  Blocks it inherited are unknown
 *   there.  A child of vfork or posix_spawn runs in its parent's memory and
 *   writes to its parent's file until it calls exec.  A child of a bare clone or
 *   _Fork that never calls exec is not supported.
 *
 * - Requests that fail leave no event.  Sizes are the sizes asked for; a program
 *   that uses more, having asked malloc_usable_size, is not followed in that.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct header {
    char magic[8];
    uint32_t pid, parent;
    char name[16];
};

struct event {
    uint8_t op;         /* 'a', 'r', 'f'; 'x' where recording broke off */
    uint8_t align_log2; /* 0 where no alignment was asked for */
    uint8_t unused[6];
    uint64_t size;
    uint64_t old; /* the address given, for 'r' and 'f' */
    uint64_t new; /* the address returned, for 'a' and 'r' */
};

_Static_assert(sizeof(struct header) == sizeof(struct event), "one slot each");

#define WINDOW ((size_t)1 << 20)
#define SLOTS (WINDOW / sizeof(struct event))

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

/* Everything below is guarded by the lock. */
static int inside;           /* a wrapper is active */
static int resolved;         /* `real` is filled in */
static enum { WAITING, RECORDING, STOPPED } state;
static char path[4096];      /* of this process's file */
static size_t prefix_len;    /* how much of it was given to us */
static struct event *window; /* the mapped part of the file */
static size_t used;          /* slots taken in it */
static off_t window_at;      /* where in the file it begins */

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
} real;

/* ---- memory for calls made on our own behalf ---------------------------- */

static _Alignas(16) char arena[1 << 16];
static size_t arena_used;

static int from_arena(const void *p)
{
    return (uintptr_t)p - (uintptr_t)arena < sizeof arena;
}

/* Zeroed, never given back; the size is kept in front of the block. */
static void *arena_alloc(size_t size)
{
    if (size > sizeof arena - 32 || arena_used + size + 32 > sizeof arena) {
        errno = ENOMEM;
        return NULL;
    }
    char *p = arena + arena_used + 16;
    memcpy(p - 16, &size, sizeof size);
    arena_used += 16 + ((size + 15) & ~(size_t)15);
    return p;
}

static size_t arena_size(const void *p)
{
    size_t size;
    memcpy(&size, (const char *)p - 16, sizeof size);
    return size;
}

/* ---- the file ------------------------------------------------------------ */

static void complain(const char *what)
{
    char line[160];
    int n = snprintf(line, sizeof line, "record: %s; nothing more is recorded\n", what);
    syscall(SYS_write, 2, line, (size_t)n);
}

/* Map the next window.  Bare system calls, because the library's are
 * cancellation points and malloc must not be one. */
static int map_window(off_t at, int flags)
{
    void *p = MAP_FAILED;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC | flags, 0600);
    if (fd < 0)
        return 0;
    /* Claim the blocks now: a full disk should fail here, not as SIGBUS. */
    if (syscall(SYS_fallocate, fd, 0, at, (off_t)WINDOW) == 0 ||
        (errno == EOPNOTSUPP && syscall(SYS_ftruncate, fd, at + (off_t)WINDOW) == 0))
        p = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);
    syscall(SYS_close, fd);
    if (p == MAP_FAILED)
        return 0;
    if (window)
        munmap(window, WINDOW);
    window = p;
    window_at = at;
    used = 0;
    return 1;
}

static void open_file(void)
{
    for (unsigned n = 0; n < 1000; n++) {
        snprintf(path + prefix_len, sizeof path - prefix_len, ".%d.%u.raw", (int)getpid(), n);
        if (map_window(0, O_CREAT | O_EXCL)) {
            struct header h = { "BUFRAW1\n", (uint32_t)getpid(), (uint32_t)getppid(), "" };
            prctl(PR_GET_NAME, h.name);
            memcpy(&window[used++], &h, sizeof h);
            state = RECORDING;
            return;
        }
        if (errno != EEXIST)
            break;
    }
    state = STOPPED;
    complain("cannot create the file named by BUFLIB_RECORD");
}

static void record(char op, size_t align, size_t size, const void *old, const void *new)
{
    if (state != RECORDING)
        return;
    if (used == SLOTS) {
        int error = errno;
        if (!map_window(window_at + (off_t)WINDOW, 0)) {
            window[SLOTS - 1].op = 'x';
            state = STOPPED;
            complain("cannot extend the file");
        }
        errno = error;
        if (state != RECORDING)
            return;
    }
    window[used++] = (struct event){
        .op = (uint8_t)op,
        .align_log2 = align > 1 ? (uint8_t)(64 - __builtin_clzll(align - 1)) : 0,
        .size = size,
        .old = (uintptr_t)old,
        .new = (uintptr_t)new,
    };
}

/* ---- start and fork ------------------------------------------------------ */

/* Our lock is taken before those of the allocator, in fork as elsewhere.  So
 * before_fork should run first of all such handlers, which means registering it
 * late (in a constructor, below); but in_child should also run first, so that no
 * other handler writes to the parent's file, which means registering it early. */
static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void in_parent(void)
{
    pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
    /* The child has a new thread ID, so it could not unlock a recursive lock
     * taken by the parent; but it has a single thread, so it may renew it. */
    lock = (pthread_mutex_t)PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    inside = 0;
    if (window)
        munmap(window, WINDOW);
    window = NULL;
    if (state == RECORDING)
        open_file();
}

static void resolve(void)
{
    *(void **)&real.malloc = dlsym(RTLD_NEXT, "malloc");
    *(void **)&real.calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&real.realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&real.free = dlsym(RTLD_NEXT, "free");
    *(void **)&real.posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
    *(void **)&real.aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
    *(void **)&real.memalign = dlsym(RTLD_NEXT, "memalign");
    *(void **)&real.valloc = dlsym(RTLD_NEXT, "valloc");
    *(void **)&real.pvalloc = dlsym(RTLD_NEXT, "pvalloc");
    if (!real.malloc || !real.calloc || !real.realloc || !real.free) {
        complain("no allocator to pass calls on to");
        _exit(127);
    }
    pthread_atfork(NULL, NULL, in_child);
    resolved = 1;
}

/* The first calls may come from the dynamic linker, before the C library knows
 * the environment; they pass unrecorded. */
static void start(void)
{
    if (!environ)
        return;
    const char *prefix = getenv("BUFLIB_RECORD");
    if (!prefix || prefix[0] != '/' || strlen(prefix) > sizeof path - 40) {
        state = STOPPED;
        complain("BUFLIB_RECORD must be an absolute path");
        return;
    }
    prefix_len = strlen(prefix);
    memcpy(path, prefix, prefix_len);
    open_file();
}

/* Take the lock and get ready to pass a call on.  False if the call comes from
 * within our own work; then nothing is held and nothing must be recorded. */
static int enter(void)
{
    pthread_mutex_lock(&lock);
    if (inside) {
        pthread_mutex_unlock(&lock);
        return 0;
    }
    inside = 1;
    if (!resolved || state == WAITING) {
        int error = errno;
        if (!resolved)
            resolve();
        if (state == WAITING)
            start();
        errno = error;
    }
    return 1;
}

static void leave(void)
{
    inside = 0;
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void register_late(void)
{
    if (enter()) {
        pthread_atfork(before_fork, in_parent, NULL);
        leave();
    }
}

/* ---- the allocator's functions ------------------------------------------- */

/* Pass on a call that returns a new block, and record it. */
#define ALLOCATE(call, align, size)                    \
    do {                                               \
        if (!enter())                                  \
            return arena_alloc(size);                  \
        void *new_ = (call);                           \
        if (new_)                                      \
            record('a', (align), (size), NULL, new_);  \
        leave();                                       \
        return new_;                                   \
    } while (0)

EXPORT void *malloc(size_t size)
{
    ALLOCATE(real.malloc(size), 0, size);
}

EXPORT void *calloc(size_t count, size_t each)
{
    size_t size;
    if (__builtin_mul_overflow(count, each, &size)) {
        errno = ENOMEM;
        return NULL;
    }
    ALLOCATE(real.calloc(count, each), 0, size);
}

EXPORT void *aligned_alloc(size_t align, size_t size)
{
    ALLOCATE(real.aligned_alloc(align, size), align, size);
}

EXPORT void *memalign(size_t align, size_t size)
{
    ALLOCATE(real.memalign(align, size), align, size);
}

EXPORT void *valloc(size_t size)
{
    ALLOCATE(real.valloc(size), (size_t)getpagesize(), size);
}

EXPORT void *pvalloc(size_t size)
{
    size_t page = (size_t)getpagesize();
    ALLOCATE(real.pvalloc(size), page, (size + page - 1) & ~(page - 1));
}

EXPORT int posix_memalign(void **out, size_t align, size_t size)
{
    if (!enter())
        return ENOMEM;
    int error = real.posix_memalign(out, align, size);
    if (!error && *out)
        record('a', align, size, NULL, *out);
    leave();
    return error;
}

EXPORT void free(void *p)
{
    if (!p || from_arena(p))
        return;
    if (!enter()) {
        if (real.free)
            real.free(p);
        return;
    }
    record('f', 0, 0, p, NULL);
    real.free(p);
    leave();
}

EXPORT void *realloc(void *old, size_t size)
{
    if (old && from_arena(old)) {
        size_t had = arena_size(old);
        void *new = malloc(size);
        if (new)
            memcpy(new, old, had < size ? had : size);
        return new;
    }
    if (!enter())
        return old ? NULL : arena_alloc(size);
    void *new = real.realloc(old, size);
    if (new)
        record('r', 0, size, old, new); /* from NULL: an allocation */
    else if (old && size == 0)
        record('f', 0, 0, old, NULL);
    leave();
    return new;
}

EXPORT void *reallocarray(void *old, size_t count, size_t each)
{
    size_t size;
    if (__builtin_mul_overflow(count, each, &size)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(old, size);
}
