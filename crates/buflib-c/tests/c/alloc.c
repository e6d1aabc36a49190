/* Allocating, freeing, handles. */
#include "buflib.h"
#include "check.h"

static struct buflib_context ctx;

static void handles_number_from_the_lowest_free_one(size_t size)
{
    int handles[8], i;
    start(&ctx, size);
    for (i = 0; i < 8; i++) {
        handles[i] = alloc(&ctx, (size_t)i * 5);
        CHECK(handles[i] == i + 1);
    }
    CHECK(buflib_free(&ctx, handles[5]) == 0);
    CHECK(buflib_free(&ctx, handles[1]) == 0);
    CHECK(buflib_free(&ctx, handles[3]) == 0);
    in_order(&ctx);
    CHECK(NUMBER(alloc(&ctx, 3)) == 2);
    CHECK(NUMBER(alloc(&ctx, 40)) == 4);
    CHECK(NUMBER(alloc(&ctx, 1)) == 6);
    CHECK(alloc(&ctx, 1) == 9);
    filled(&ctx, handles[7], 35);
}

static void nothing_is_a_block_like_any_other(size_t size)
{
    int a, b;
    start(&ctx, size);
    a = alloc(&ctx, 0);
    b = alloc(&ctx, 0);
    CHECK(a != b && buflib_get_data(&ctx, a) && buflib_get_data(&ctx, b));
    CHECK(buflib_get_data(&ctx, a) != buflib_get_data(&ctx, b));
    CHECK(buflib_get_size(&ctx, a) == 0);
    CHECK(buflib_free(&ctx, a) == 0 && buflib_free(&ctx, b) == 0);
    in_order(&ctx);
}

static void too_much_fails_and_changes_nothing(size_t size)
{
    static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 7, SIZE_MAX - 100, SIZE_MAX / 2 + 1,
                                    (size_t)1 << 31, ((size_t)1 << 30) - 1, LARGE };
    struct buflib_callbacks ops = { NULL, NULL, NULL };
    size_t i, available;
    int handle;
    start(&ctx, size);
    handle = alloc(&ctx, 100);
    available = buflib_available(&ctx);
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CHECK(buflib_alloc(&ctx, sizes[i]) == -1);
        CHECK(buflib_alloc_ex(&ctx, sizes[i], "name", &ops) == -1);
        CHECK(buflib_alloc_aligned(&ctx, sizes[i], 64, NULL, NULL) == -1);
        CHECK(!buflib_resize(&ctx, handle, sizes[i]));
        CHECK(buflib_available(&ctx) == available);
        in_order(&ctx);
    }
    filled(&ctx, handle, 100);
    CHECK(alloc(&ctx, 1) == 2);
}

static void pool_of_64_bytes_serves_its_client(void)
{
    size_t skew;
    for (skew = 0; skew < 8; skew++) {
        int handle;
        start_at(&ctx, pool + skew, 64);
        handle = buflib_alloc(&ctx, 0);
        CHECK(handle == 1 && buflib_get_data(&ctx, handle));
        CHECK((unsigned char *)buflib_get_data(&ctx, handle) >= pool + skew);
        CHECK((unsigned char *)buflib_get_data(&ctx, handle) < pool + skew + 64);
        in_order(&ctx);
        CHECK(buflib_alloc(&ctx, 64) == -1);
        CHECK(buflib_shrink(&ctx, handle, NULL, 0));
        buflib_free(&ctx, handle);
        CHECK(NUMBER(alloc(&ctx, 8)) == 1);
    }
}

static void pool_of_nothing_fails_always(void)
{
    size_t size;
    for (size = 0; size < 8; size++) {
        size_t most = 1, i;
        memset(pool, 0x11, 64);
        start(&ctx, size);
        for (i = 0; i < 3; i++) {
            CHECK(buflib_alloc(&ctx, 0) == -1);
            CHECK(buflib_alloc_ex(&ctx, i, "name", &buflib_ops_locked) == -1);
            CHECK(buflib_alloc_maximum(&ctx, NULL, &most, NULL) == -1);
        }
        CHECK(buflib_available(&ctx) == 0 && buflib_allocatable(&ctx) == 0);
        CHECK(buflib_get_num_blocks(&ctx) == 0);
        CHECK(told.count == 0 && most == 1);
        for (i = size; i < 64; i++)
            CHECK(pool[i] == 0x11);
    }
    buflib_init(&ctx, NULL, 1000);
    CHECK(buflib_alloc(&ctx, 0) == -1);
    buflib_init(&ctx, NULL, 0);
    CHECK(buflib_alloc(&ctx, 10) == -1);
    CHECK(buflib_get_data_checked(&ctx, 1) == NULL && buflib_get_name(&ctx, 1) == NULL);
    CHECK(buflib_free(&ctx, 1) == 0);
}

static void pools_of_all_sizes_stay_within_themselves(void)
{
    size_t size;
    for (size = 8; size < 40000; size += size < 300 ? 1 : 371) {
        unsigned char *memory = pool + 64 + size % 8;
        size_t i;
        memset(pool, 0x11, 64 + 8 + size + 64);
        start_at(&ctx, memory, size);
        for (i = 0; i < size; i++) {
            int handle = buflib_alloc(&ctx, i % 90);
            if (handle < 0)
                break;
            memset(buflib_get_data(&ctx, handle), 0xff, i % 90);
        }
        in_order(&ctx);
        CHECK(size < 40 || i > 0);
        for (i = 0; i < 64; i++)
            CHECK(pool[i] == 0x11 && memory[size + i] == 0x11);
    }
}

static void freeing_no_handle_does_nothing(size_t size)
{
    int handle;
    start(&ctx, size);
    handle = alloc(&ctx, 20);
    CHECK(buflib_free(&ctx, 0) == 0);
    CHECK(buflib_free(&ctx, -1) == 0);
    CHECK(buflib_free(&ctx, -1000) == 0);
    in_order(&ctx);
    filled(&ctx, handle, 20);
}

/* Every function that takes a handle. */
static void refuses(int handle)
{
    CHECK(buflib_free(&ctx, handle) == 0);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    CHECK(told.last.handle == handle);
    CHECK(buflib_get_data_checked(&ctx, handle) == NULL);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    CHECK(buflib_get_name(&ctx, handle) == NULL);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    CHECK(buflib_get_size(&ctx, handle) == 0);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    CHECK(!buflib_shrink(&ctx, handle, NULL, 0));
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    CHECK(!buflib_resize(&ctx, handle, 10));
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    buflib_pin(&ctx, handle);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    buflib_unpin(&ctx, handle);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    CHECK(buflib_pin_count(&ctx, handle) == 0);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    CHECK(buflib_get_data_pinned(&ctx, handle) == NULL);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
}

static void wrong_handles_are_found_everywhere(size_t size)
{
    struct buflib_context other;
    int kept, freed, again, foreign, i;
    size_t available;
    start_at(&other, pool + LARGE, 4096);
    for (i = 0; i < 5; i++)
        foreign = buflib_alloc(&other, 10);
    start(&ctx, size);
    kept = alloc(&ctx, 30);
    freed = alloc(&ctx, 50);
    alloc(&ctx, 20);
    available = buflib_available(&ctx);
    refuses(foreign);
    buflib_free(&ctx, freed);
    in_order(&ctx);
    refuses(freed); /* a double free, among others */
    again = alloc(&ctx, 50);
    CHECK(NUMBER(again) == NUMBER(freed) && GENERATION(again) == GENERATION(freed) + 1);
    refuses(freed); /* stale */
    refuses(100000);
    refuses(0x7fffffff);
    refuses(1 << 22); /* a generation of no number */
    CHECK(buflib_get_data_checked(&ctx, -5) == NULL);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    CHECK(buflib_get_data_checked(&ctx, 0) == NULL);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    CHECK(buflib_available(&ctx) == available);
    filled(&ctx, kept, 30);
    filled(&ctx, again, 50);
}

/* A handler that uses the context, and does wrong itself. */
static int handled;

static void uses_the_heap(struct buflib_context *ctx, const struct buflib_error *error, void *arg)
{
    int handle = buflib_alloc(ctx, 10);
    CHECK(error->code == BUFLIB_ERROR_BAD_HANDLE && arg == &handled);
    CHECK(handle > 0);
    buflib_free(ctx, handle);
    buflib_free(ctx, handle); /* not told again */
    handled++;
}

static void error_handler_may_use_the_heap(size_t size)
{
    start(&ctx, size);
    buflib_set_error_handler(&ctx, uses_the_heap, &handled);
    handled = 0;
    buflib_free(&ctx, 77);
    buflib_free(&ctx, 77);
    CHECK(handled == 2);
    buflib_set_error_handler(&ctx, NULL, NULL);
    buflib_free(&ctx, 77);
    CHECK(handled == 2);
}

static void contexts_leave_each_other_alone(void)
{
    struct buflib_context many[10];
    int i, round;
    for (i = 0; i < 10; i++)
        start_at(&many[i], pool + i * 1200, 1200);
    for (round = 0; round < 12; round++)
        for (i = 0; i < 10; i++)
            CHECK(alloc(&many[i], 20) == round + 1);
    for (i = 0; i < 10; i++)
        for (round = 0; round < 12; round++)
            filled(&many[i], round + 1, 20);
}

static void allocatable_is_what_it_says(size_t size)
{
    static struct buflib_callbacks ops = { NULL, NULL, NULL };
    int named;
    for (named = 0; named < 4; named++) {
        int handles[20], i;
        size_t most;
        start(&ctx, size);
        for (i = 0; i < 20; i++)
            handles[i] = alloc(&ctx, (size_t)(i * 3) % 20);
        for (i = 0; i < 20; i += 2)
            buflib_free(&ctx, handles[i]);
        most = buflib_allocatable(&ctx);
        in_order(&ctx);
        CHECK(most + BUFLIB_ALLOC_OVERHEAD >= buflib_available(&ctx) && most < buflib_available(&ctx));
        CHECK(most == buflib_allocatable(&ctx));
        CHECK((named == 0   ? buflib_alloc(&ctx, most)
               : named == 1 ? buflib_alloc_ex(&ctx, most, NULL, &ops)
                            : buflib_alloc_ex(&ctx, most, "name of exactly 31 characters..",
                                              named == 2 ? NULL : &ops)) > 0);
        in_order(&ctx);
        for (i = 1; i < 20; i += 2)
            filled(&ctx, handles[i], (size_t)(i * 3) % 20);
    }
}

static void overhead_is_what_it_says(size_t size)
{
    static struct buflib_callbacks ops = { NULL, NULL, NULL };
    size_t wanted;
    for (wanted = 0; wanted < 100; wanted++) {
        size_t before, after;
        start(&ctx, size);
        alloc(&ctx, 1);
        before = buflib_available(&ctx);
        CHECK(buflib_alloc_ex(&ctx, wanted, "name of exactly 31 characters..", &ops) > 0);
        after = buflib_available(&ctx);
        CHECK(before - after <= wanted + BUFLIB_ALLOC_OVERHEAD);
    }
}

int main(void)
{
    ON_EVERY_POOL(handles_number_from_the_lowest_free_one);
    ON_EVERY_POOL(nothing_is_a_block_like_any_other);
    ON_EVERY_POOL(too_much_fails_and_changes_nothing);
    pool_of_64_bytes_serves_its_client();
    pool_of_nothing_fails_always();
    pools_of_all_sizes_stay_within_themselves();
    ON_EVERY_POOL(freeing_no_handle_does_nothing);
    ON_EVERY_POOL(wrong_handles_are_found_everywhere);
    ON_EVERY_POOL(error_handler_may_use_the_heap);
    contexts_leave_each_other_alone();
    ON_EVERY_POOL(allocatable_is_what_it_says);
    ON_EVERY_POOL(overhead_is_what_it_says);
    return 0;
}
