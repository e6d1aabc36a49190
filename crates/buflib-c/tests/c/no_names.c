/* The generation without names, over the same library; and look-ups that are checked. */
#define BUFLIB_NO_NAMES
#define BUFLIB_DEBUG_GET_DATA
#include "core_alloc.h"
#include "check.h"

static struct buflib_context ctx;

static void blocks_have_no_names(size_t size)
{
    int plain, fixed, all;
    size_t got;
    start(&ctx, size);
    plain = alloc(&ctx, 10);
    fixed = buflib_alloc_ex(&ctx, 20, &buflib_ops_locked);
    CHECK(fixed > 0 && buflib_get_name(&ctx, fixed) == NULL && buflib_get_name(&ctx, plain) == NULL);
    fill(&ctx, fixed, 20);
    buflib_free(&ctx, plain);
    buflib_compact(&ctx);
    filled(&ctx, fixed, 20);
    all = buflib_alloc_maximum(&ctx, &got, NULL);
    CHECK(all > 0 && buflib_get_size(&ctx, all) == got);
    in_order(&ctx);
}

static void lookups_are_checked(size_t size)
{
    int handle;
    start(&ctx, size);
    handle = alloc(&ctx, 10);
    CHECK(buflib_get_data(&ctx, handle) != NULL);
    buflib_free(&ctx, handle);
    CHECK(buflib_get_data(&ctx, handle) == NULL);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
    CHECK(buflib_get_data(&ctx, 0) == NULL);
    complained(&ctx, BUFLIB_ERROR_BAD_HANDLE);
}

static void core_has_none_either(size_t size)
{
    int handle;
    size_t got;
    core_allocator_init(pool, size);
    handle = core_alloc(10);
    CHECK(handle > 0 && !strcmp(core_get_name(handle), "<anonymous>"));
    handle = core_alloc_ex(10, NULL);
    CHECK(handle > 0 && !strcmp(core_get_name(handle), "<anonymous>"));
    handle = core_alloc_maximum(&got, NULL);
    CHECK(handle > 0 && core_get_data(handle) != NULL);
}

int main(void)
{
    ON_EVERY_POOL(blocks_have_no_names);
    ON_EVERY_POOL(lookups_are_checked);
    ON_EVERY_POOL(core_has_none_either);
    return 0;
}
