/* Pins. */
#include "buflib.h"
#include "check.h"

static struct buflib_context ctx;

static void pinned_block_stays_until_it_is_unpinned_as_often(size_t size)
{
    int front, handle, behind;
    void *place;
    start(&ctx, size);
    front = alloc(&ctx, 60);
    handle = alloc(&ctx, 40);
    behind = alloc(&ctx, 20);
    CHECK(buflib_pin_count(&ctx, handle) == 0);
    buflib_pin(&ctx, handle);
    place = buflib_get_data_pinned(&ctx, handle);
    CHECK(place && place == buflib_get_data(&ctx, handle));
    CHECK(buflib_pin_count(&ctx, handle) == 2);
    buflib_free(&ctx, front);
    buflib_compact(&ctx);
    in_order(&ctx);
    CHECK(buflib_get_data(&ctx, handle) == place);
    buflib_put_data_pinned(&ctx, place);
    buflib_compact(&ctx);
    CHECK(buflib_get_data(&ctx, handle) == place && buflib_pin_count(&ctx, handle) == 1);
    filled(&ctx, handle, 40);
    buflib_unpin(&ctx, handle);
    CHECK(buflib_pin_count(&ctx, handle) == 0);
    buflib_compact(&ctx);
    in_order(&ctx);
    CHECK(buflib_get_data(&ctx, handle) < place);
    filled(&ctx, handle, 40);
    filled(&ctx, behind, 20);
}

static void unpinned_block_moves_for_the_next_request(size_t size)
{
    int front, handle;
    size_t most;
    start(&ctx, size);
    front = alloc(&ctx, 200);
    handle = buflib_alloc_ex(&ctx, 40, "pinned", NULL);
    fill(&ctx, handle, 40);
    buflib_free(&ctx, front);
    buflib_pin(&ctx, handle);
    most = buflib_available(&ctx) - 100;
    CHECK(buflib_alloc(&ctx, most) == -1);
    buflib_unpin(&ctx, handle);
    CHECK(buflib_alloc(&ctx, most) > 0);
    in_order(&ctx);
    CHECK(!strcmp(buflib_get_name(&ctx, handle), "pinned"));
    filled(&ctx, handle, 40);
}

static void misuse_of_pins_is_told(size_t size)
{
    int handle, i;
    unsigned char *data;
    start(&ctx, size);
    handle = alloc(&ctx, 40);
    buflib_unpin(&ctx, handle);
    complained(&ctx, BUFLIB_ERROR_NOT_PINNED);
    data = (unsigned char *)buflib_get_data_pinned(&ctx, handle);
    buflib_free(&ctx, handle);
    complained(&ctx, BUFLIB_ERROR_PINNED);
    buflib_put_data_pinned(&ctx, NULL);
    in_order(&ctx);
    buflib_put_data_pinned(&ctx, data + 1);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    buflib_put_data_pinned(&ctx, data - 8);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    buflib_put_data_pinned(&ctx, pool + LARGE + 2);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    buflib_put_data_pinned(&ctx, data);
    in_order(&ctx);
    buflib_put_data_pinned(&ctx, data);
    complained(&ctx, BUFLIB_ERROR_NOT_PINNED);
    for (i = 0; i < 15; i++)
        buflib_pin(&ctx, handle);
    in_order(&ctx);
    buflib_pin(&ctx, handle);
    complained(&ctx, BUFLIB_ERROR_PIN_FAILED);
    CHECK(buflib_pin_count(&ctx, handle) == 15);
    for (i = 0; i < 15; i++)
        buflib_unpin(&ctx, handle);
    filled(&ctx, handle, 40);
    buflib_free(&ctx, handle);
    in_order(&ctx);
}

static void shrunk_block_is_found_by_its_address(size_t size)
{
    size_t from;
    for (from = 0; from < 20; from++) {
        int handle;
        unsigned char *data;
        start(&ctx, size);
        alloc(&ctx, 10);
        handle = alloc(&ctx, 40);
        data = (unsigned char *)buflib_get_data(&ctx, handle);
        CHECK(buflib_shrink(&ctx, handle, data + from, 10));
        CHECK(buflib_get_data_pinned(&ctx, handle) == data + from);
        CHECK(buflib_pin_count(&ctx, handle) == 1);
        buflib_put_data_pinned(&ctx, data + from);
        CHECK(buflib_pin_count(&ctx, handle) == 0);
        in_order(&ctx);
        filled_from(&ctx, handle, from, 10);
    }
}

static void pin_without_room_is_told(size_t size)
{
    int handle;
    start(&ctx, size);
    handle = alloc(&ctx, 8);
    while (buflib_alloc(&ctx, 0) > 0)
        ;
    while (told.count == 0 && buflib_pin_count(&ctx, handle) == 0)
        buflib_pin(&ctx, handle);
    /* Whether there are 4 bytes left depends on the pool. */
    if (told.count) {
        complained(&ctx, BUFLIB_ERROR_PIN_FAILED);
        CHECK(buflib_get_data_pinned(&ctx, handle) == NULL);
        complained(&ctx, BUFLIB_ERROR_PIN_FAILED);
        CHECK(buflib_pin_count(&ctx, handle) == 0);
    } else {
        buflib_unpin(&ctx, handle);
    }
    in_order(&ctx);
    filled(&ctx, handle, 8);
}

int main(void)
{
    ON_EVERY_POOL(pinned_block_stays_until_it_is_unpinned_as_often);
    ON_EVERY_POOL(unpinned_block_moves_for_the_next_request);
    ON_EVERY_POOL(misuse_of_pins_is_told);
    ON_EVERY_POOL(shrunk_block_is_found_by_its_address);
    {
        size_t size;
        for (size = TINY; size < TINY + 16; size++)
            pin_without_room_is_told(size);
    }
    return 0;
}
