// The headers in C++: compiled, linked and used.
#include "core_alloc.h"
#include "check.h"
#include <cstring>

static int agree(int, void *, void *new_)
{
    return new_ ? BUFLIB_CB_OK : BUFLIB_CB_CANNOT_MOVE;
}

int main()
{
    static buflib_context ctx;
    buflib_callbacks ops = {agree, nullptr, nullptr};
    start(&ctx, LARGE);
    int front = alloc(&ctx, 50);
    int handle = buflib_alloc_ex(&ctx, 20, "from C++", &ops);
    CHECK(handle > 0 && !std::strcmp(buflib_get_name(&ctx, handle), "from C++"));
    fill(&ctx, handle, 20);
    buflib_free(&ctx, front);
    CHECK(buflib_compact(&ctx));
    filled(&ctx, handle, 20);
    core_allocator_init(pool, MIDDLE);
    handle = core_alloc("core", 10);
    CHECK(handle > 0 && core_get_data(handle) != nullptr && core_free(handle) == 0);
    in_order(&core_ctx);
    (void)filled_from;
    (void)complained;
    return 0;
}
