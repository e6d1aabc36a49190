/* What the tests share: checks, pools, errors that are counted, and blocks whose contents are known. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                        \
    do {                                                                                        \
        if (!(condition)) {                                                                     \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, __func__, #condition);       \
            exit(1);                                                                            \
        }                                                                                       \
    } while (0)

#define NUMBER(handle) ((handle) & 0x3fffff)
#define GENERATION(handle) ((handle) >> 22)

struct told {
    int count;
    struct buflib_error last;
};

static void tell(struct buflib_context *ctx, const struct buflib_error *error, void *arg)
{
    struct told *told = (struct told *)arg;
    (void)ctx;
    told->count++;
    told->last = *error;
    CHECK(error->message && error->message[0]);
}

/* A pool of every kind: the heap's state outside of it, a small one, a large one. */
#define TINY 1024
#define MIDDLE 8192
#define LARGE 65536

static uint64_t pool_words[(1 << 20) / 8];
static unsigned char *const pool = (unsigned char *)pool_words;
static struct told told;

/* Everything is in order, and nobody has complained since the last time. */
static void in_order(struct buflib_context *ctx)
{
    buflib_check_valid(ctx);
    if (told.count)
        fprintf(stderr, "told: %s (code %d, handle %d)\n", told.last.message, told.last.code, told.last.handle);
    CHECK(told.count == 0);
}

/* Just one complaint, of this kind. */
static void complained(struct buflib_context *ctx, int code)
{
    if (told.count != 1 || told.last.code != code)
        fprintf(stderr, "told %d times, last code %d: %s\n", told.count, told.last.code,
                told.count ? told.last.message : "");
    CHECK(told.count == 1 && told.last.code == code);
    told.count = 0;
    in_order(ctx);
}

static void start_at(struct buflib_context *ctx, void *memory, size_t size)
{
    memset(memory, 0xa5, size);
    buflib_init(ctx, memory, size);
    told.count = 0;
    buflib_set_error_handler(ctx, tell, &told);
}

static void start(struct buflib_context *ctx, size_t size)
{
    start_at(ctx, pool, size);
}

static unsigned char pattern(int handle, size_t at)
{
    return (unsigned char)(NUMBER(handle) * 31 + at * 7);
}

static void fill(struct buflib_context *ctx, int handle, size_t size)
{
    unsigned char *data = (unsigned char *)buflib_get_data(ctx, handle);
    size_t i;
    CHECK(data != NULL);
    for (i = 0; i < size; i++)
        data[i] = pattern(handle, i);
}

/* `size` bytes from `from` on of what was filled. */
static void filled_from(struct buflib_context *ctx, int handle, size_t from, size_t size)
{
    const unsigned char *data = (const unsigned char *)buflib_get_data(ctx, handle);
    size_t i;
    CHECK(buflib_get_size(ctx, handle) == size);
    CHECK(data == buflib_get_data_checked(ctx, handle));
    for (i = 0; i < size; i++)
        CHECK(data[i] == pattern(handle, from + i));
}

static void filled(struct buflib_context *ctx, int handle, size_t size)
{
    filled_from(ctx, handle, 0, size);
}

static int alloc(struct buflib_context *ctx, size_t size)
{
    int handle = buflib_alloc(ctx, size);
    CHECK(handle > 0);
    fill(ctx, handle, size);
    in_order(ctx);
    return handle;
}

/* Each test on a pool of each kind. */
#define ON_EVERY_POOL(test)                       \
    do {                                          \
        test(TINY);                               \
        test(MIDDLE);                             \
        test(LARGE);                              \
    } while (0)

/* The compiler says so if one is not used. */
#define UNUSED(function) (void)(function)

#endif
