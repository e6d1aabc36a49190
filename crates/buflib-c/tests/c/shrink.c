/* Making blocks smaller and larger. */
#include "buflib.h"
#include "check.h"

static struct buflib_context ctx;

static void every_part_can_be_kept(size_t size)
{
    size_t from, to;
    for (from = 0; from <= 40; from++)
        for (to = from; to <= 40; to += 3) {
            int before, handle, behind;
            unsigned char *data;
            start(&ctx, size);
            before = alloc(&ctx, 30);
            handle = alloc(&ctx, 40);
            behind = alloc(&ctx, 30);
            data = (unsigned char *)buflib_get_data(&ctx, handle);
            CHECK(buflib_shrink(&ctx, handle, data + from, to - from));
            in_order(&ctx);
            CHECK(buflib_get_data(&ctx, handle) == data + from);
            filled_from(&ctx, handle, from, to - from);
            filled(&ctx, before, 30);
            filled(&ctx, behind, 30);
            buflib_free(&ctx, before);
            buflib_compact(&ctx);
            in_order(&ctx);
            filled_from(&ctx, handle, from, to - from);
            filled(&ctx, behind, 30);
        }
}

static void null_is_the_present_start(size_t size)
{
    int handle;
    unsigned char *data;
    start(&ctx, size);
    handle = alloc(&ctx, 50);
    data = (unsigned char *)buflib_get_data(&ctx, handle);
    CHECK(buflib_shrink(&ctx, handle, data + 5, 40));
    CHECK(buflib_shrink(&ctx, handle, NULL, 20));
    CHECK(buflib_get_data(&ctx, handle) == data + 5);
    filled_from(&ctx, handle, 5, 20);
    CHECK(buflib_shrink(&ctx, handle, NULL, 0));
    CHECK(buflib_get_data(&ctx, handle) == data + 5 && buflib_get_size(&ctx, handle) == 0);
    in_order(&ctx);
}

static void what_is_not_in_the_block_is_refused(size_t size)
{
    int handle, named;
    unsigned char *data, *of_named;
    size_t available;
    start(&ctx, size);
    handle = alloc(&ctx, 50);
    named = buflib_alloc_ex(&ctx, 50, "name", NULL);
    fill(&ctx, named, 50);
    data = (unsigned char *)buflib_get_data(&ctx, handle);
    of_named = (unsigned char *)buflib_get_data(&ctx, named);
    available = buflib_available(&ctx);
    CHECK(!buflib_shrink(&ctx, handle, NULL, 51));
    complained(&ctx, BUFLIB_ERROR_OUTSIDE);
    CHECK(!buflib_shrink(&ctx, handle, data + 1, 50));
    complained(&ctx, BUFLIB_ERROR_OUTSIDE);
    CHECK(!buflib_shrink(&ctx, handle, data - 1, 10));
    complained(&ctx, BUFLIB_ERROR_OUTSIDE);
    CHECK(!buflib_shrink(&ctx, handle, data + 51, 0));
    complained(&ctx, BUFLIB_ERROR_OUTSIDE);
    CHECK(!buflib_shrink(&ctx, handle, data + 10, SIZE_MAX));
    complained(&ctx, BUFLIB_ERROR_OUTSIDE);
    CHECK(!buflib_shrink(&ctx, named, of_named, 54));
    complained(&ctx, BUFLIB_ERROR_OUTSIDE);
    CHECK(!buflib_shrink(&ctx, named, of_named + 52, 1));
    complained(&ctx, BUFLIB_ERROR_OUTSIDE);
    CHECK(buflib_available(&ctx) == available);
    filled(&ctx, handle, 50);
    filled(&ctx, named, 50);
    CHECK(!strcmp(buflib_get_name(&ctx, named), "name"));
}

static void freed_parts_are_free(size_t size)
{
    int handle;
    size_t before;
    unsigned char *data;
    start(&ctx, size);
    handle = alloc(&ctx, 600);
    before = buflib_available(&ctx);
    data = (unsigned char *)buflib_get_data(&ctx, handle);
    CHECK(buflib_shrink(&ctx, handle, data + 200, 200));
    CHECK(buflib_available(&ctx) >= before + 380);
    CHECK(buflib_alloc(&ctx, 150) > 0);
    in_order(&ctx);
    filled_from(&ctx, handle, 200, 200);
}

static void blocks_grow_wherever_there_is_room(size_t size)
{
    int handles[6], i;
    start(&ctx, size);
    for (i = 0; i < 6; i++)
        handles[i] = alloc(&ctx, 20);
    buflib_free(&ctx, handles[1]);
    buflib_free(&ctx, handles[4]);
    for (i = 0; i < 6; i++) {
        if (i == 1 || i == 4)
            continue;
        CHECK(buflib_resize(&ctx, handles[i], 20 + (size_t)i * 23));
        in_order(&ctx);
        fill(&ctx, handles[i], 20 + (size_t)i * 23);
    }
    for (i = 0; i < 6; i++)
        if (i != 1 && i != 4)
            filled(&ctx, handles[i], 20 + (size_t)i * 23);
    CHECK(!buflib_resize(&ctx, handles[0], size));
    in_order(&ctx);
    filled(&ctx, handles[0], 20);
    CHECK(buflib_resize(&ctx, handles[5], 1));
    filled(&ctx, handles[5], 1);
}

static void steps_gather_free_space(size_t size)
{
    int handles[10], i, steps = 0;
    start(&ctx, size);
    for (i = 0; i < 10; i++)
        handles[i] = alloc(&ctx, 30);
    for (i = 0; i < 10; i += 2)
        buflib_free(&ctx, handles[i]);
    while (!buflib_compact_step(&ctx, 64, 2)) {
        in_order(&ctx);
        CHECK(++steps < 100);
    }
    CHECK(size == TINY || steps > 2);
    for (i = 1; i < 10; i += 2)
        filled(&ctx, handles[i], 30);
    buflib_compact(&ctx);
    CHECK((unsigned char *)buflib_get_data(&ctx, handles[9]) < pool + 5 * 48);
}

int main(void)
{
    ON_EVERY_POOL(every_part_can_be_kept);
    ON_EVERY_POOL(null_is_the_present_start);
    ON_EVERY_POOL(what_is_not_in_the_block_is_refused);
    ON_EVERY_POOL(freed_parts_are_free);
    ON_EVERY_POOL(blocks_grow_wherever_there_is_room);
    ON_EVERY_POOL(steps_gather_free_space);
    return 0;
}
