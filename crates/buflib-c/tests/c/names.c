/* Names: kept in full, wherever the block goes and whatever becomes of its size. */
#include "buflib.h"
#include "check.h"

static struct buflib_context ctx;

static int named(size_t size, const char *name)
{
    int handle = buflib_alloc_ex(&ctx, size, name, NULL);
    CHECK(handle > 0);
    fill(&ctx, handle, size);
    in_order(&ctx);
    return handle;
}

static void named_so(int handle, const char *name)
{
    const char *found = buflib_get_name(&ctx, handle);
    CHECK(found && !strcmp(found, name));
}

static void names_are_kept_in_full(size_t size)
{
    char path[600];
    int plain, short_one, long_one, empty, strange;
    memset(path, 'x', sizeof path);
    memcpy(path, "/music/", 7);
    path[sizeof path - 1] = 0;
    start(&ctx, size);
    plain = named(10, NULL);
    short_one = named(10, "a");
    empty = named(3, "");
    strange = named(0, "\xff\x01\xc3 no text\n\x80");
    CHECK(buflib_get_name(&ctx, plain) == NULL);
    named_so(short_one, "a");
    named_so(empty, "");
    named_so(strange, "\xff\x01\xc3 no text\n\x80");
    filled(&ctx, short_one, 10);
    buflib_free(&ctx, plain);
    if (size == TINY) {
        path[200] = 0;
    }
    long_one = named(30, path);
    named_so(long_one, path);
    filled(&ctx, long_one, 30);
    filled(&ctx, strange, 0);
}

static void names_move_with_their_blocks(size_t size)
{
    int front, handles[5], i;
    char name[20];
    start(&ctx, size);
    front = alloc(&ctx, 77);
    for (i = 0; i < 5; i++) {
        sprintf(name, "block %d", i);
        handles[i] = named((size_t)i * 9, name);
    }
    buflib_free(&ctx, front);
    buflib_free(&ctx, handles[2]);
    CHECK(buflib_compact(&ctx));
    in_order(&ctx);
    for (i = 0; i < 5; i++) {
        if (i == 2)
            continue;
        sprintf(name, "block %d", i);
        named_so(handles[i], name);
        filled(&ctx, handles[i], (size_t)i * 9);
    }
}

static void names_survive_every_change_of_size(size_t size)
{
    size_t from, to;
    for (from = 0; from < 60; from += 7)
        for (to = 0; to < 90; to += 5) {
            int handle, behind;
            start(&ctx, size);
            handle = named(from, "/a/name");
            behind = alloc(&ctx, 20);
            CHECK(buflib_resize(&ctx, handle, to));
            in_order(&ctx);
            named_so(handle, "/a/name");
            CHECK(buflib_get_size(&ctx, handle) == to);
            if (to < from) {
                filled(&ctx, handle, to);
            } else {
                const unsigned char *data = (const unsigned char *)buflib_get_data(&ctx, handle);
                size_t i;
                for (i = 0; i < from; i++)
                    CHECK(data[i] == pattern(handle, i));
            }
            filled(&ctx, behind, 20);
        }
}

static void names_survive_shrinking_from_both_sides(size_t size)
{
    size_t front, back;
    for (front = 0; front < 40; front += 3)
        for (back = 0; back < 40; back += 5) {
            int handle, before, behind;
            unsigned char *data;
            start(&ctx, size);
            before = alloc(&ctx, 20);
            handle = named(100, "short");
            behind = alloc(&ctx, 20);
            data = (unsigned char *)buflib_get_data(&ctx, handle);
            CHECK(buflib_shrink(&ctx, handle, data + front, 100 - front - back));
            in_order(&ctx);
            CHECK(buflib_get_data(&ctx, handle) == data + front);
            named_so(handle, "short");
            filled_from(&ctx, handle, front, 100 - front - back);
            buflib_free(&ctx, before);
            buflib_compact(&ctx);
            in_order(&ctx);
            named_so(handle, "short");
            filled_from(&ctx, handle, front, 100 - front - back);
            filled(&ctx, behind, 20);
        }
}

static void aligned_blocks_have_names_as_well(size_t size)
{
    size_t align;
    for (align = 1; align <= (size == TINY ? 64 : 1024); align *= 2) {
        int handle, front;
        start(&ctx, size);
        front = alloc(&ctx, 9);
        handle = buflib_alloc_aligned(&ctx, 50, align, "aligned", NULL);
        CHECK(handle > 0 && (uintptr_t)buflib_get_data(&ctx, handle) % align == 0);
        fill(&ctx, handle, 50);
        buflib_free(&ctx, front);
        buflib_compact(&ctx);
        in_order(&ctx);
        CHECK((uintptr_t)buflib_get_data(&ctx, handle) % align == 0);
        named_so(handle, "aligned");
        filled(&ctx, handle, 50);
    }
    CHECK(buflib_alloc_aligned(&ctx, 1, 3, NULL, NULL) == -1);
    complained(&ctx, BUFLIB_ERROR_BAD_ALIGNMENT);
    CHECK(buflib_alloc_aligned(&ctx, 1, 8192, NULL, NULL) == -1);
    complained(&ctx, BUFLIB_ERROR_BAD_ALIGNMENT);
    CHECK(buflib_alloc_aligned(&ctx, 1, 0, NULL, NULL) == -1);
    complained(&ctx, BUFLIB_ERROR_BAD_ALIGNMENT);
}

int main(void)
{
    ON_EVERY_POOL(names_are_kept_in_full);
    ON_EVERY_POOL(names_move_with_their_blocks);
    ON_EVERY_POOL(names_survive_every_change_of_size);
    ON_EVERY_POOL(names_survive_shrinking_from_both_sides);
    ON_EVERY_POOL(aligned_blocks_have_names_as_well);
    return 0;
}
