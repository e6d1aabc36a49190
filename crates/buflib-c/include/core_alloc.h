/*
 * The functions of buflib.h for the one context that is always there.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef CORE_ALLOC_H
#define CORE_ALLOC_H

#include "buflib.h"

#ifdef __cplusplus
extern "C" {
#endif

extern struct buflib_context core_ctx;

/* The size of the allocation, named "test", that is made with the context. */
#define CORE_TEST_SIZE 64

/* Gives the context its memory. Before that, every allocation fails. */
void core_allocator_init(void *buf, size_t size);

/* Frees the allocation that was made with the context, so that the next ones make others move. Whether it was there. */
bool core_test_free(void);

#ifndef BUFLIB_NO_NAMES
static inline int core_alloc(const char *name, size_t size)
{
    return buflib_alloc_ex(&core_ctx, size, name, NULL);
}

static inline int core_alloc_ex(const char *name, size_t size, struct buflib_callbacks *ops)
{
    return buflib_alloc_ex(&core_ctx, size, name, ops);
}

static inline int core_alloc_maximum(const char *name, size_t *size, struct buflib_callbacks *ops)
{
    return buflib_alloc_maximum(&core_ctx, name, size, ops);
}
#else
static inline int core_alloc(size_t size)
{
    return buflib_alloc(&core_ctx, size);
}

static inline int core_alloc_ex(size_t size, struct buflib_callbacks *ops)
{
    return buflib_alloc_ex(&core_ctx, size, ops);
}

static inline int core_alloc_maximum(size_t *size, struct buflib_callbacks *ops)
{
    return buflib_alloc_maximum(&core_ctx, size, ops);
}
#endif

static inline bool core_shrink(int handle, void *new_start, size_t new_size)
{
    return buflib_shrink(&core_ctx, handle, new_start, new_size);
}

static inline int core_free(int handle)
{
    return buflib_free(&core_ctx, handle);
}

static inline size_t core_available(void)
{
    return buflib_available(&core_ctx);
}

static inline size_t core_allocatable(void)
{
    return buflib_allocatable(&core_ctx);
}

/* Never NULL. */
static inline const char *core_get_name(int handle)
{
    const char *name = buflib_get_name(&core_ctx, handle);
    return name ? name : "<anonymous>";
}

static inline void *core_get_data(int handle)
{
    return buflib_get_data(&core_ctx, handle);
}

static inline void core_pin(int handle)
{
    buflib_pin(&core_ctx, handle);
}

static inline void core_unpin(int handle)
{
    buflib_unpin(&core_ctx, handle);
}

static inline unsigned core_pin_count(int handle)
{
    return buflib_pin_count(&core_ctx, handle);
}

static inline void *core_get_data_pinned(int handle)
{
    return buflib_get_data_pinned(&core_ctx, handle);
}

static inline void core_put_data_pinned(void *data)
{
    buflib_put_data_pinned(&core_ctx, data);
}

static inline int core_get_num_blocks(void)
{
    return buflib_get_num_blocks(&core_ctx);
}

static inline bool core_print_block_at(int block_num, char *buf, size_t bufsize)
{
    return buflib_print_block_at(&core_ctx, block_num, buf, bufsize);
}

static inline void core_print_allocs(void (*print)(int, const char *))
{
    buflib_print_allocs(&core_ctx, print);
}

static inline void core_print_blocks(void (*print)(int, const char *))
{
    buflib_print_blocks(&core_ctx, print);
}

static inline void core_check_valid(void)
{
    buflib_check_valid(&core_ctx);
}

#ifdef __cplusplus
}
#endif

#endif
