/* Metadata that was overwritten: calls fail and say so, and nothing outside of the pool is touched. */
#include "buflib.h"
#include "check.h"

static struct buflib_context ctx;

static void damage_is_told_with_its_place(size_t size)
{
    int front, handle, behind;
    unsigned char *data;
    size_t available;
    start(&ctx, size);
    front = alloc(&ctx, 40);
    handle = alloc(&ctx, 40);
    behind = alloc(&ctx, 40);
    buflib_free(&ctx, front);
    available = buflib_available(&ctx);
    data = (unsigned char *)buflib_get_data(&ctx, handle);
    /* An overrun of the block runs into the next header. */
    memset(data + 40, 0xff, 8);
    buflib_check_valid(&ctx);
    CHECK(told.count == 1 && told.last.code == BUFLIB_ERROR_CORRUPT);
    CHECK(size == TINY || (told.last.offset > 0 && told.last.offset < 200));
    CHECK(told.last.found != told.last.expected);
    told.count = 0;
    CHECK(buflib_get_data_checked(&ctx, behind) == NULL && told.count == 1);
    told.count = 0;
    buflib_free(&ctx, behind);
    CHECK(told.count == 1);
    told.count = 0;
    CHECK(buflib_alloc(&ctx, available - 20) == -1);
    CHECK(told.count >= 1 && told.last.code == BUFLIB_ERROR_CORRUPT);
    told.count = 0;
}

static int agree(int handle, void *current, void *new_)
{
    UNUSED(handle);
    CHECK((unsigned char *)current >= pool && (unsigned char *)new_ >= pool);
    return BUFLIB_CB_OK;
}

static int give(int handle, unsigned hints, void *start, size_t size)
{
    UNUSED(hints);
    UNUSED(start);
    return buflib_shrink(&ctx, handle, NULL, size / 2) ? BUFLIB_CB_OK : BUFLIB_CB_CANNOT_SHRINK;
}

static void sync_it(int handle, bool on)
{
    UNUSED(handle);
    UNUSED(on);
}

static struct buflib_callbacks ops = { agree, give, sync_it };

/* A word at random of a header, entry or free block is overwritten; then everything is tried. */
static void no_damage_does_harm(size_t size)
{
    static uint32_t seed = 1;
    int round;
    for (round = 0; round < 3000; round++) {
        int handles[12], i;
        unsigned char *memory = pool + 64;
        uint32_t where;
        memset(pool, 0x11, 64);
        memset(memory + size, 0x11, 64);
        start_at(&ctx, memory, size);
        for (i = 0; i < 12; i++)
            handles[i] = buflib_alloc_ex(&ctx, (size_t)i * 5, NULL, NULL);
        for (i = 0; i < 12; i += 3)
            buflib_free(&ctx, handles[i]);
        seed = seed * 1664525 + 1013904223;
        where = seed >> 8;
        seed = seed * 1664525 + 1013904223;
        /* Blocks at the front, the table at the end; the heap's own state behind it is trusted. */
        if (where & 1)
            memory[where / 2 % 420] = (unsigned char)(seed >> 16);
        else
            ((unsigned char *)(uintptr_t)ctx.buflib_table_end)[-1 - (int)(where / 2 % 48)] = (unsigned char)(seed >> 16);
        for (i = 0; i < 12; i++) {
            unsigned char *data = (unsigned char *)buflib_get_data_checked(&ctx, handles[i]);
            CHECK(!data || (data >= memory && data <= memory + size));
            buflib_get_name(&ctx, handles[i]);
            if (i % 4 == 1)
                buflib_resize(&ctx, handles[i], (size_t)i * 9);
            if (i % 4 == 2)
                buflib_shrink(&ctx, handles[i], NULL, (size_t)i);
            buflib_get_data_pinned(&ctx, handles[i]);
            buflib_unpin(&ctx, handles[i]);
        }
        buflib_compact(&ctx);
        buflib_alloc_ex(&ctx, 100, "name", &ops);
        buflib_allocatable(&ctx);
        buflib_alloc_maximum(&ctx, NULL, NULL, NULL);
        buflib_get_num_blocks(&ctx);
        buflib_compact_step(&ctx, 100, 3);
        for (i = 0; i < 12; i++)
            buflib_free(&ctx, handles[i]);
        for (i = 0; i < 64; i++)
            CHECK(pool[i] == 0x11 && memory[size + (size_t)i] == 0x11);
    }
    told.count = 0;
}

int main(void)
{
    ON_EVERY_POOL(damage_is_told_with_its_place);
    ON_EVERY_POOL(no_damage_does_harm);
    return 0;
}
