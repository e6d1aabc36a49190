/* What both sides must agree on, for the test to compare: a name and a number a line. */
#include "buflib.h"
#include <stdio.h>

#define SHOW(value) printf(#value " %llu\n", (unsigned long long)(value))
#define SIZE(type) SHOW(sizeof(struct type))
#define AT(type, field) printf(#type "." #field " %llu\n", (unsigned long long)offsetof(struct type, field))

/* The context is no larger than promised. */
typedef char context_is_16_pointers[sizeof(struct buflib_context) == 16 * sizeof(void *) ? 1 : -1];

int main(void)
{
    SIZE(buflib_context);
    AT(buflib_context, buflib_table_end);
    AT(buflib_context, buflib_origin);
    SIZE(buflib_callbacks);
    AT(buflib_callbacks, move_callback);
    AT(buflib_callbacks, shrink_callback);
    AT(buflib_callbacks, sync_callback);
    SIZE(buflib_stats);
    AT(buflib_stats, live);
    AT(buflib_stats, used_bytes);
    AT(buflib_stats, free_bytes);
    AT(buflib_stats, largest_free_bytes);
    AT(buflib_stats, peak_bytes);
    AT(buflib_stats, immovable);
    AT(buflib_stats, owned);
    AT(buflib_stats, table_entries);
    AT(buflib_stats, compactions);
    AT(buflib_stats, moves);
    AT(buflib_stats, bytes_moved);
    AT(buflib_stats, refused_moves);
    AT(buflib_stats, refused_shrinks);
    AT(buflib_stats, fragmentation);
    SIZE(buflib_error);
    AT(buflib_error, code);
    AT(buflib_error, handle);
    AT(buflib_error, offset);
    AT(buflib_error, found);
    AT(buflib_error, expected);
    AT(buflib_error, message);
    SHOW(BUFLIB_CB_OK);
    SHOW(BUFLIB_CB_CANNOT_MOVE);
    SHOW(BUFLIB_CB_CANNOT_SHRINK);
    SHOW(BUFLIB_SHRINK_POS_FRONT);
    SHOW(BUFLIB_SHRINK_POS_BACK);
    SHOW(BUFLIB_SHRINK_POS_MASK);
    SHOW(BUFLIB_SHRINK_SIZE_MASK);
    SHOW(BUFLIB_NAME_RESERVE);
    SHOW(BUFLIB_ERROR_BAD_HANDLE);
    SHOW(BUFLIB_ERROR_CORRUPT);
    SHOW(BUFLIB_ERROR_BUSY);
    SHOW(BUFLIB_ERROR_OUTSIDE);
    SHOW(BUFLIB_ERROR_PINNED);
    SHOW(BUFLIB_ERROR_NOT_PINNED);
    SHOW(BUFLIB_ERROR_PIN_FAILED);
    SHOW(BUFLIB_ERROR_BAD_ALIGNMENT);
    SHOW(BUFLIB_ERROR_NOT_TAKEN);
    SHOW(BUFLIB_ERROR_CANNOT_MOVE);
    return 0;
}
