/*
 * buflib: a compacting heap over a fixed buffer. It hands out handles instead of addresses, so blocks can move, and
 * all free space is usable space.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Needs nothing but a C99 or C++ compiler. Link with libbuflib_c; that needs memcpy, memmove, memset and memcmp.
 *
 * Define before this header:
 *   BUFLIB_NO_NAMES          for the generation of this interface in which blocks have no names
 *   BUFLIB_DEBUG_GET_DATA    to have every look-up checked: NULL for an invalid handle
 *
 * A context is not locked: only one thread uses it at a time.
 */
#ifndef BUFLIB_H
#define BUFLIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a call returns instead of a handle. */
#define BUFLIB_FAILED (-1)

/* What callbacks return. */
#define BUFLIB_CB_OK 0
#define BUFLIB_CB_CANNOT_MOVE 1
#define BUFLIB_CB_CANNOT_SHRINK 1

/* The hints of a shrink callback: where memory is wanted, and how much. Both sides: either will do. */
#define BUFLIB_SHRINK_POS_FRONT (1u << 31)
#define BUFLIB_SHRINK_POS_BACK (1u << 30)
#define BUFLIB_SHRINK_POS_MASK (BUFLIB_SHRINK_POS_FRONT | BUFLIB_SHRINK_POS_BACK)
#define BUFLIB_SHRINK_SIZE_MASK (~BUFLIB_SHRINK_POS_MASK)

/*
 * The most that an allocation takes of the pool besides its size, with callbacks and a name of up to 31 characters.
 * A longer name takes a byte more for each character more.
 */
#define BUFLIB_ALLOC_OVERHEAD (sizeof(void *) + 64)

/* What buflib_allocatable keeps free for callbacks and a name. */
#define BUFLIB_NAME_RESERVE (sizeof(void *) + 32)

/*
 * What answers for a block. Each may be NULL; they stay where they are for as long as the block.
 *
 * From within move and sync callbacks the context can be looked at: buflib_get_data, buflib_get_name,
 * buflib_get_size, buflib_pin_count, buflib_available. From within a shrink callback everything is possible.
 */
struct buflib_callbacks {
    /*
     * Asked before the block is moved from `current` to `new_`: BUFLIB_CB_OK, or BUFLIB_CB_CANNOT_MOVE for not now.
     * Without it the block is never moved.
     */
    int (*move_callback)(int handle, void *current, void *new_);
    /*
     * Asked to give memory back: it may call buflib_shrink for this block or any, free them, allocate others.
     * BUFLIB_CB_OK, or BUFLIB_CB_CANNOT_SHRINK. Without it the block is never asked to shrink.
     */
    int (*shrink_callback)(int handle, unsigned hints, void *start, size_t old_size);
    /* Called with true before each question whether to move, and with false when the move is done or was refused. */
    void (*sync_callback)(int handle, bool sync_on);
};

/* Callbacks for a block that may neither be moved nor shrunk. */
extern struct buflib_callbacks buflib_ops_locked;

/* A heap. The caller provides it, and buflib_init makes it one; its contents are the library's own. */
struct buflib_context {
    const uint32_t *buflib_table_end;
    unsigned char *buflib_origin;
    void *buflib_private[14];
};

/*
 * Makes a context a heap over a pool, which is the context's alone from then on. A pool that is too small, or NULL,
 * makes it one in which every allocation fails.
 *
 * The heap's own state lies at the end of the pool: about 1900 bytes in pools of 31000 bytes and more, about 600 in those
 * of 5000 and more, nothing in smaller ones.
 */
void buflib_init(struct buflib_context *ctx, void *buf, size_t size);

/*
 * Allocates `size` bytes, aligned to 8, and returns a handle, or -1. Handles are positive, and number 1, 2, 3 from the
 * lowest free one: that number is the lower 22 bits. 0 bytes are a block like any other.
 */
int buflib_alloc(struct buflib_context *ctx, size_t size);

/* The same with a name and callbacks, each of which may be NULL, at a multiple of `align`: a power of two up to 4096. */
int buflib_alloc_aligned(struct buflib_context *ctx, size_t size, size_t align, const char *name,
                         struct buflib_callbacks *ops);

/* The same as buflib_alloc_maximum, aligned. */
int buflib_alloc_maximum_aligned(struct buflib_context *ctx, size_t align, const char *name, size_t *size,
                                 struct buflib_callbacks *ops);

#ifndef BUFLIB_NO_NAMES
/*
 * Allocates a block with a name, or NULL, and callbacks, or NULL. The name is copied, whole. It must not itself be in
 * a block that may be moved by this.
 */
int buflib_alloc_ex(struct buflib_context *ctx, size_t size, const char *name, struct buflib_callbacks *ops);

/*
 * Allocates the largest block that can be had once all others were moved, and asked to shrink; says how large it is
 * in `*size`, unless that is NULL. While it is held as it is, other allocations fail.
 */
int buflib_alloc_maximum(struct buflib_context *ctx, const char *name, size_t *size, struct buflib_callbacks *ops);
#else
static inline int buflib_alloc_ex(struct buflib_context *ctx, size_t size, struct buflib_callbacks *ops)
{
    return buflib_alloc_aligned(ctx, size, 1, NULL, ops);
}

static inline int buflib_alloc_maximum(struct buflib_context *ctx, size_t *size, struct buflib_callbacks *ops)
{
    return buflib_alloc_maximum_aligned(ctx, 1, NULL, size, ops);
}
#endif

/* Frees a block. Nothing happens if the handle is 0 or negative. Always returns 0. */
int buflib_free(struct buflib_context *ctx, int handle);

/* The address of a block; NULL, and the error handler is told, if there is no such block. */
void *buflib_get_data_checked(struct buflib_context *ctx, int handle);

/* The address of a block, which is valid until the heap is used in a way that may move it. */
static inline void *buflib_get_data(struct buflib_context *ctx, int handle)
{
#ifdef BUFLIB_DEBUG_GET_DATA
    return buflib_get_data_checked(ctx, handle);
#else
    const uint32_t entry = *(ctx->buflib_table_end - (handle & 0x3fffff));
    unsigned char *data = ctx->buflib_origin + (size_t)(entry & 0x7ffffff) * 8;
    if (entry >> 27 == 14) /* shrunk to an address between multiples of 8: the first byte says how far */
        data += *data & 0x7f;
    return data;
#endif
}

/* The name of a block, or NULL. Valid as long as the block's address. */
const char *buflib_get_name(struct buflib_context *ctx, int handle);

/* The size of a block as it was asked for. */
size_t buflib_get_size(struct buflib_context *ctx, int handle);

/*
 * Makes a block smaller: `new_size` bytes from `newstart` on stay, where they are. NULL stands for the present start.
 * False, and nothing has changed, if that is not within the block.
 */
bool buflib_shrink(struct buflib_context *ctx, int handle, void *newstart, size_t new_size);

/* Makes a block larger or smaller; what it has up to the lesser size is kept. Blocks may be moved, this one too. */
bool buflib_resize(struct buflib_context *ctx, int handle, size_t new_size);

/* Free bytes in total, in one piece or many. */
size_t buflib_available(struct buflib_context *ctx);

/*
 * The largest size that can be allocated now: with that, an allocation succeeds, with callbacks and a name of up to
 * 31 characters or without. Moves blocks to find out.
 */
size_t buflib_allocatable(struct buflib_context *ctx);

/*
 * Prepares for the pool to be at `buf`, where the caller copies it after this: all `size` bytes. False, and nothing
 * has changed, if `buf` has another remainder by 8 than the present address, if a block may not move (its move callback
 * is NULL, or it is pinned), or if a block would be off its alignment. Callbacks are not called.
 */
bool buflib_context_relocate(struct buflib_context *ctx, void *buf);

/*
 * Takes memory out at the pool's front: all blocks are moved up by `*size` bytes, rounded up to 8, or by as much as
 * possible; if it is 0, by as much as possible. Says in `*size` how much that is, and returns the address. Callbacks
 * are asked for what is moved together, and not for the move up. Blocks that may not move stay, and limit what there is.
 */
void *buflib_buffer_out(struct buflib_context *ctx, size_t *size);

/* Puts memory back that was taken out: the last `size` bytes of it, rounded down to 8. */
void buflib_buffer_in(struct buflib_context *ctx, int size);

/*
 * Keeps a block in place until it is unpinned as often, 15 times at the most. The first pin of a block needs 4 bytes; if
 * there are none, the error handler is told. A pinned block cannot be freed.
 */
void buflib_pin(struct buflib_context *ctx, int handle);
void buflib_unpin(struct buflib_context *ctx, int handle);
unsigned buflib_pin_count(struct buflib_context *ctx, int handle);

/* Pins a block and returns its address; NULL if it cannot be pinned. */
void *buflib_get_data_pinned(struct buflib_context *ctx, int handle);

/* Unpins the block at this address. NULL is ignored. */
void buflib_put_data_pinned(struct buflib_context *ctx, void *data);

/* How many blocks there are, free ones between others included. */
int buflib_get_num_blocks(struct buflib_context *ctx);

/* Describes one of them in `buf`, counted from 0; false if there are not so many. */
bool buflib_print_block_at(struct buflib_context *ctx, int block_num, char *buf, size_t bufsize);

/* Lists all allocations, or all blocks, a line at a time. The context can be looked at from within `print`. */
void buflib_print_allocs(struct buflib_context *ctx, void (*print)(int, const char *));
void buflib_print_blocks(struct buflib_context *ctx, void (*print)(int, const char *));

/* Checks everything, and tells the error handler of the first thing that is wrong. */
void buflib_check_valid(struct buflib_context *ctx);

/* Moves blocks together as far as possible. Whether the largest free piece has grown. */
bool buflib_compact(struct buflib_context *ctx);

/*
 * The same a little at a time: moves so many bytes at the most, and looks at so many blocks. Whether nothing is left
 * to do.
 */
bool buflib_compact_step(struct buflib_context *ctx, size_t max_bytes, size_t max_blocks);

/* Figures. Those of what has happened stay 0 in pools that are too small for the heap's state. */
struct buflib_stats {
    size_t live;               /* blocks in use */
    size_t used_bytes;         /* their bytes, with headers and padding */
    size_t free_bytes;         /* in one piece or many */
    size_t largest_free_bytes; /* in the largest free piece that is known of */
    size_t peak_bytes;         /* the most that used_bytes has been */
    size_t immovable;          /* blocks that may not move */
    size_t owned;              /* blocks with a name or callbacks */
    size_t table_entries;      /* entries in the handle table, vacant ones included */
    size_t compactions;        /* passes over the blocks */
    size_t moves;              /* blocks moved */
    size_t bytes_moved;
    size_t refused_moves;      /* by callbacks */
    size_t refused_shrinks;    /* by callbacks */
    unsigned fragmentation;    /* what is free and not in the largest piece, in thousandths */
};

void buflib_get_stats(struct buflib_context *ctx, struct buflib_stats *stats);

/* What is told of misuse and damage. That there is no room is not told. */
enum {
    BUFLIB_ERROR_BAD_HANDLE = 1,  /* freed, stale, or of another heap */
    BUFLIB_ERROR_CORRUPT = 2,     /* metadata was overwritten */
    BUFLIB_ERROR_BUSY = 3,        /* a call from within a move or sync callback that may only look */
    BUFLIB_ERROR_OUTSIDE = 4,     /* shrinking to what is not in the block */
    BUFLIB_ERROR_PINNED = 5,      /* freeing a pinned block */
    BUFLIB_ERROR_NOT_PINNED = 6,  /* one unpin too many */
    BUFLIB_ERROR_PIN_FAILED = 7,  /* no room for a pin, or too many */
    BUFLIB_ERROR_BAD_ALIGNMENT = 8,
    BUFLIB_ERROR_NOT_TAKEN = 9,  /* putting back more than was taken out */
    BUFLIB_ERROR_CANNOT_MOVE = 10 /* the pool cannot be relocated there */
};

struct buflib_error {
    int code;            /* one of the above */
    int handle;          /* that the call was about, or 0 */
    size_t offset;       /* of damage: where it is, in bytes from the first block */
    uint64_t found;
    uint64_t expected;
    const char *message; /* in words */
};

/*
 * Sets the function that is told, or none, which is how a context starts. The library never aborts: the call that was
 * wrong has failed, and nothing has changed.
 */
typedef void (*buflib_error_handler)(struct buflib_context *ctx, const struct buflib_error *error, void *arg);
void buflib_set_error_handler(struct buflib_context *ctx, buflib_error_handler handler, void *arg);

#ifdef __cplusplus
}
#endif

#endif
