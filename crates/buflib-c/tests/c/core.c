/* The context that is always there. */
#include "core_alloc.h"
#include "check.h"

static int printed;

static void print(int line, const char *text)
{
    CHECK(line == printed++ && text[0]);
}

static void all_functions_use_the_one_context(size_t size)
{
    struct buflib_callbacks ops = { NULL, NULL, NULL };
    int handle, named, all;
    size_t got;
    char line[100];
    void *data;
    core_allocator_init(pool, size);
    told.count = 0;
    buflib_set_error_handler(&core_ctx, tell, &told);
    handle = core_alloc(NULL, 10);
    named = core_alloc_ex("a name", 20, &ops);
    CHECK(NUMBER(handle) == 2 && NUMBER(named) == 3); /* the first is the test's */
    CHECK(!strcmp(core_get_name(handle), "<anonymous>") && !strcmp(core_get_name(named), "a name"));
    CHECK(!strcmp(core_get_name(1), "test") && buflib_get_size(&core_ctx, 1) == CORE_TEST_SIZE);
    fill(&core_ctx, handle, 10);
    fill(&core_ctx, named, 20);
    CHECK(core_get_data(handle) == buflib_get_data(&core_ctx, handle));
    CHECK(core_shrink(handle, NULL, 5));
    filled(&core_ctx, handle, 5);
    CHECK(core_available() > core_allocatable());
    core_pin(handle);
    data = core_get_data_pinned(handle);
    CHECK(data == core_get_data(handle) && core_pin_count(handle) == 2);
    core_put_data_pinned(data);
    core_unpin(handle);
    CHECK(core_pin_count(handle) == 0);
    CHECK(core_get_num_blocks() >= 3);
    CHECK(core_print_block_at(0, line, sizeof line) && strstr(line, "test"));
    printed = 0;
    core_print_allocs(print);
    CHECK(printed == 3);
    printed = 0;
    core_print_blocks(print);
    CHECK(printed >= 3);
    core_check_valid();
    /* Freed, the test allocation makes others move. */
    data = core_get_data(handle);
    CHECK(core_test_free());
    CHECK(!core_test_free());
    CHECK(core_alloc("large", core_allocatable()) > 0);
    CHECK(core_get_data(handle) < data);
    filled(&core_ctx, handle, 5);
    filled(&core_ctx, named, 20);
    CHECK(core_free(handle) == 0 && core_free(0) == 0 && core_free(-1) == 0);
    all = core_alloc_maximum("rest", &got, NULL);
    CHECK(all == -1 || core_free(all) == 0);
    in_order(&core_ctx);
}

int main(void)
{
    CHECK(core_alloc("too early", 1) == -1);
    CHECK(core_available() == 0 && !core_test_free());
    CHECK(!strcmp(core_get_name(1), "<anonymous>"));
    ON_EVERY_POOL(all_functions_use_the_one_context);
    core_allocator_init(pool, 4); /* too small for anything */
    CHECK(core_alloc("name", 0) == -1 && !core_test_free());
    core_allocator_init(NULL, 0);
    CHECK(core_alloc(NULL, 0) == -1);
    UNUSED(start);
    return 0;
}
