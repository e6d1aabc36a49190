/* The pool as a whole: relocated, its front taken out and put back, all of it taken. */
#include "buflib.h"
#include "check.h"

static struct buflib_context ctx;
static uint64_t elsewhere_words[(LARGE + 64) / 8];
static unsigned char *const elsewhere = (unsigned char *)elsewhere_words;

static void relocated_heap_goes_on(size_t size)
{
    int handles[6], i;
    start(&ctx, size);
    for (i = 0; i < 6; i++)
        handles[i] = alloc(&ctx, (size_t)i * 8);
    buflib_free(&ctx, handles[3]);
    /* What lies there until the copy must not matter. */
    memset(elsewhere, 0xee, sizeof elsewhere_words);
    CHECK(buflib_context_relocate(&ctx, elsewhere + 8));
    memcpy(elsewhere + 8, pool, size);
    memset(pool, 0xdd, size);
    in_order(&ctx);
    for (i = 0; i < 6; i++)
        if (i != 3)
            filled(&ctx, handles[i], (size_t)i * 8);
    CHECK((unsigned char *)buflib_get_data(&ctx, handles[0]) > elsewhere);
    CHECK(NUMBER(alloc(&ctx, 30)) == 4);
    buflib_free(&ctx, handles[0]);
    buflib_compact(&ctx);
    in_order(&ctx);
    /* And back, to a place that overlaps. */
    CHECK(buflib_context_relocate(&ctx, elsewhere + 32));
    memmove(elsewhere + 32, elsewhere + 8, size);
    in_order(&ctx);
    for (i = 1; i < 6; i++)
        if (i != 3)
            filled(&ctx, handles[i], (size_t)i * 8);
    for (i = 0; i < (int)size; i++)
        CHECK(pool[i] == 0xdd);
}

static void unsuitable_address_changes_nothing(size_t size)
{
    int handle, fixed, at;
    start(&ctx, size);
    handle = alloc(&ctx, 40);
    for (at = 1; at < 8; at++) {
        CHECK(!buflib_context_relocate(&ctx, elsewhere + at));
        complained(&ctx, BUFLIB_ERROR_CANNOT_MOVE);
        filled(&ctx, handle, 40);
    }
    CHECK(!buflib_context_relocate(&ctx, NULL));
    in_order(&ctx);
    fixed = buflib_alloc_ex(&ctx, 10, NULL, &buflib_ops_locked);
    CHECK(!buflib_context_relocate(&ctx, elsewhere));
    complained(&ctx, BUFLIB_ERROR_CANNOT_MOVE);
    buflib_free(&ctx, fixed);
    buflib_pin(&ctx, handle);
    CHECK(!buflib_context_relocate(&ctx, elsewhere));
    complained(&ctx, BUFLIB_ERROR_CANNOT_MOVE);
    buflib_unpin(&ctx, handle);
    CHECK(buflib_alloc_aligned(&ctx, 10, 64, NULL, NULL) > 0);
    CHECK(!buflib_context_relocate(&ctx, pool + 8));
    complained(&ctx, BUFLIB_ERROR_CANNOT_MOVE);
    filled(&ctx, handle, 40);
}

/* A heap in a block of another one. */
static struct buflib_context inner;

static int move_inner(int handle, void *current, void *new_)
{
    UNUSED(handle);
    UNUSED(current);
    return buflib_context_relocate(&inner, new_) ? BUFLIB_CB_OK : BUFLIB_CB_CANNOT_MOVE;
}

static void heap_lives_in_a_block_of_another(size_t size)
{
    static struct buflib_callbacks ops = { move_inner, NULL, NULL };
    int front, block, inside;
    size_t inner_size = size / 4;
    start(&ctx, size);
    front = alloc(&ctx, 96);
    block = buflib_alloc_ex(&ctx, inner_size, "inner", &ops);
    CHECK(block > 0);
    start_at(&inner, buflib_get_data(&ctx, block), inner_size);
    inside = alloc(&inner, 20);
    buflib_free(&ctx, front);
    CHECK(buflib_compact(&ctx));
    in_order(&ctx);
    in_order(&inner);
    filled(&inner, inside, 20);
    CHECK((unsigned char *)buflib_get_data(&inner, inside) < pool + 80);
    alloc(&inner, 30);
}

static void front_is_taken_out_and_put_back(size_t size)
{
    int handles[4], i;
    size_t part = 80, available;
    unsigned char *out;
    start(&ctx, size);
    for (i = 0; i < 4; i++)
        handles[i] = alloc(&ctx, 20);
    available = buflib_available(&ctx);
    out = (unsigned char *)buflib_buffer_out(&ctx, &part);
    CHECK(out == pool && part == 80 && (uintptr_t)out % 8 == 0);
    memset(out, 0x77, part);
    in_order(&ctx);
    CHECK(buflib_available(&ctx) == available - 80);
    part = 13;
    out = (unsigned char *)buflib_buffer_out(&ctx, &part);
    CHECK(out == pool + 80 && part == 16);
    memset(out, 0x77, part);
    in_order(&ctx);
    for (i = 0; i < 4; i++)
        filled(&ctx, handles[i], 20);
    CHECK((unsigned char *)buflib_get_data(&ctx, handles[0]) >= pool + 96);
    buflib_buffer_in(&ctx, 97);
    complained(&ctx, BUFLIB_ERROR_NOT_TAKEN);
    buflib_buffer_in(&ctx, -1);
    complained(&ctx, BUFLIB_ERROR_NOT_TAKEN);
    buflib_buffer_in(&ctx, 0);
    buflib_buffer_in(&ctx, 7); /* less than 8 stays out */
    in_order(&ctx);
    CHECK(buflib_available(&ctx) == available - 96);
    buflib_buffer_in(&ctx, 40);
    in_order(&ctx);
    CHECK(pool[0] == 0x77 && pool[55] == 0x77);
    buflib_buffer_in(&ctx, 56);
    in_order(&ctx);
    CHECK(buflib_available(&ctx) == available);
    buflib_buffer_in(&ctx, 8);
    complained(&ctx, BUFLIB_ERROR_NOT_TAKEN);
    for (i = 0; i < 4; i++)
        filled(&ctx, handles[i], 20);
    buflib_compact(&ctx);
    CHECK((unsigned char *)buflib_get_data(&ctx, handles[0]) < pool + 20);
    filled(&ctx, handles[0], 20);
}

static void everything_can_be_taken_out(size_t size)
{
    size_t all = 0;
    int handle;
    unsigned char *out;
    /* Of an empty pool. */
    start(&ctx, size);
    out = (unsigned char *)buflib_buffer_out(&ctx, &all);
    CHECK(out == pool && all > size / 3 && all < size);
    memset(out, 0x77, all);
    CHECK(buflib_alloc(&ctx, 0) == -1);
    in_order(&ctx);
    buflib_buffer_in(&ctx, (int)all);
    in_order(&ctx);
    alloc(&ctx, 100);
    /* Of one with a block, beside which nothing is left. */
    start(&ctx, size);
    handle = alloc(&ctx, 100);
    all = 0;
    out = (unsigned char *)buflib_buffer_out(&ctx, &all);
    CHECK(all > size / 3 && (unsigned char *)buflib_get_data(&ctx, handle) >= out + all);
    memset(out, 0x77, all);
    in_order(&ctx);
    filled(&ctx, handle, 100);
    CHECK(buflib_alloc(&ctx, 8) == -1);
    buflib_buffer_in(&ctx, (int)all);
    alloc(&ctx, 100);
    filled(&ctx, handle, 100);
    out = (unsigned char *)buflib_buffer_out(&ctx, NULL);
    CHECK(out == pool);
    in_order(&ctx);
}

static void what_cannot_move_limits_what_is_taken_out(size_t size)
{
    int pinned;
    for (pinned = 0; pinned < 2; pinned++) {
        int movable, hole, fixed, behind;
        size_t part = 0;
        unsigned char *out, *place;
        start(&ctx, size);
        movable = alloc(&ctx, 20);
        hole = alloc(&ctx, 200);
        fixed = buflib_alloc_ex(&ctx, 30, "fixed", pinned ? NULL : &buflib_ops_locked);
        fill(&ctx, fixed, 30);
        behind = alloc(&ctx, 20);
        if (pinned)
            buflib_pin(&ctx, fixed);
        out = (unsigned char *)buflib_buffer_out(&ctx, &part);
        CHECK(out == pool && part == 0); /* nothing is free in front of it */
        in_order(&ctx);
        place = (unsigned char *)buflib_get_data(&ctx, fixed);
        buflib_free(&ctx, hole);
        part = 56;
        out = (unsigned char *)buflib_buffer_out(&ctx, &part);
        CHECK(out == pool && part == 56);
        memset(out, 0x77, part);
        in_order(&ctx);
        filled(&ctx, movable, 20);
        part = 0;
        out = (unsigned char *)buflib_buffer_out(&ctx, &part);
        CHECK(out == pool + 56 && part > 60 && part <= 152);
        memset(out, 0x77, part);
        in_order(&ctx);
        CHECK(buflib_get_data(&ctx, fixed) == place);
        filled(&ctx, movable, 20);
        filled(&ctx, fixed, 30);
        filled(&ctx, behind, 20);
        CHECK(!strcmp(buflib_get_name(&ctx, fixed), "fixed"));
        buflib_buffer_in(&ctx, (int)part + 56);
        in_order(&ctx);
        if (pinned)
            buflib_unpin(&ctx, fixed);
        filled(&ctx, fixed, 30);
        alloc(&ctx, 100);
        buflib_compact(&ctx);
        in_order(&ctx);
        filled(&ctx, movable, 20);
        filled(&ctx, fixed, 30);
    }
}

static void maximum_takes_everything(size_t size)
{
    static const char long_name[] = "/a/long/name/that/is/longer/than/what/is/kept/for/one/of/the/usual/kind/and/more";
    const char *names[3];
    int which;
    names[0] = NULL;
    names[1] = "short";
    names[2] = long_name;
    for (which = 0; which < 3; which++) {
        int front, other, all;
        size_t got = 1, available;
        start(&ctx, size);
        front = alloc(&ctx, 30);
        other = alloc(&ctx, 30);
        buflib_free(&ctx, front);
        available = buflib_available(&ctx);
        all = buflib_alloc_maximum(&ctx, names[which], &got, which == 1 ? &buflib_ops_locked : NULL);
        CHECK(all > 0 && got + BUFLIB_ALLOC_OVERHEAD + 64 >= available && got < available);
        fill(&ctx, all, got);
        in_order(&ctx);
        CHECK(which == 0 ? !buflib_get_name(&ctx, all) : !strcmp(buflib_get_name(&ctx, all), names[which]));
        CHECK(buflib_alloc(&ctx, 0) == -1 && buflib_allocatable(&ctx) == 0);
        CHECK(buflib_alloc_maximum(&ctx, NULL, NULL, NULL) == -1);
        CHECK(buflib_shrink(&ctx, all, NULL, got / 2));
        in_order(&ctx);
        filled(&ctx, all, got / 2);
        alloc(&ctx, got / 4);
        buflib_free(&ctx, all);
        all = buflib_alloc_maximum(&ctx, names[which], NULL, NULL);
        CHECK(all > 0);
        in_order(&ctx);
        filled(&ctx, other, 30);
    }
    {
        size_t align, got;
        start(&ctx, size);
        alloc(&ctx, 3);
        for (align = 1; align <= 256; align *= 2) {
            int all = buflib_alloc_maximum_aligned(&ctx, align, "aligned", &got, NULL);
            CHECK(all > 0 && (uintptr_t)buflib_get_data(&ctx, all) % align == 0);
            fill(&ctx, all, got);
            in_order(&ctx);
            buflib_free(&ctx, all);
        }
    }
}

static void maximum_gets_the_largest_hole(size_t size)
{
    int hole, fixed, rest, all;
    size_t got, hole_size = size / 4;
    start(&ctx, size);
    hole = alloc(&ctx, hole_size);
    fixed = buflib_alloc_ex(&ctx, 10, NULL, &buflib_ops_locked);
    rest = buflib_alloc_ex(&ctx, buflib_allocatable(&ctx), NULL, &buflib_ops_locked);
    CHECK(fixed > 0 && rest > 0);
    buflib_free(&ctx, hole);
    all = buflib_alloc_maximum(&ctx, NULL, &got, NULL);
    CHECK(all > 0 && got + 8 >= hole_size);
    CHECK(buflib_get_data(&ctx, all) < buflib_get_data(&ctx, fixed));
    fill(&ctx, all, got);
    in_order(&ctx);
}

int main(void)
{
    ON_EVERY_POOL(relocated_heap_goes_on);
    ON_EVERY_POOL(unsuitable_address_changes_nothing);
    ON_EVERY_POOL(heap_lives_in_a_block_of_another);
    ON_EVERY_POOL(front_is_taken_out_and_put_back);
    ON_EVERY_POOL(everything_can_be_taken_out);
    ON_EVERY_POOL(what_cannot_move_limits_what_is_taken_out);
    ON_EVERY_POOL(maximum_takes_everything);
    ON_EVERY_POOL(maximum_gets_the_largest_hole);
    return 0;
}
