/* What callbacks are asked and told, and what they may do. */
#include "buflib.h"
#include "check.h"

static struct buflib_context ctx;

/* What was heard, in order: '+' and '-' for synchronisation, 'm' and 'r' for moves agreed to and refused. */
static char heard[200];
static int last_handle;
static void *last_from, *last_to;
static int refusing;
static bool looking;

static void hear(char what)
{
    size_t length = strlen(heard);
    if (length + 1 < sizeof heard) {
        heard[length] = what;
        heard[length + 1] = 0;
    }
}

static int on_move(int handle, void *current, void *new_)
{
    CHECK(buflib_get_data(&ctx, handle) == current);
    last_handle = handle;
    last_from = current;
    last_to = new_;
    hear(refusing ? 'r' : 'm');
    if (looking) {
        /* All blocks are where they say, even those that this compaction has moved. */
        int other;
        for (other = 1; other < 8; other++) {
            const unsigned char *data = (const unsigned char *)buflib_get_data_checked(&ctx, other);
            size_t i;
            if (!data) {
                CHECK(told.count == 1);
                told.count = 0;
                continue;
            }
            for (i = 0; i < buflib_get_size(&ctx, other); i++)
                CHECK(data[i] == pattern(other, i));
        }
        CHECK(!strcmp(buflib_get_name(&ctx, handle), "moving"));
        CHECK(buflib_pin_count(&ctx, handle) == 0);
        CHECK(told.count == 0);
        /* What would change the heap is refused. */
        CHECK(buflib_alloc(&ctx, 1) == -1 && told.last.code == BUFLIB_ERROR_BUSY);
        CHECK(buflib_free(&ctx, handle) == 0 && told.last.code == BUFLIB_ERROR_BUSY);
        buflib_pin(&ctx, handle);
        CHECK(!buflib_resize(&ctx, handle, 1) && !buflib_shrink(&ctx, handle, NULL, 0));
        CHECK(!buflib_compact(&ctx));
        CHECK(told.count == 6);
        told.count = 0;
    }
    return refusing ? BUFLIB_CB_CANNOT_MOVE : BUFLIB_CB_OK;
}

static void on_sync(int handle, bool on)
{
    last_handle = handle;
    hear(on ? '+' : '-');
}

static struct buflib_callbacks moving = { on_move, NULL, on_sync };

static void reset(size_t size)
{
    start(&ctx, size);
    heard[0] = 0;
    refusing = 0;
    looking = false;
}

static int owned(size_t size, struct buflib_callbacks *ops)
{
    int handle = buflib_alloc_ex(&ctx, size, "moving", ops);
    CHECK(handle > 0);
    fill(&ctx, handle, size);
    in_order(&ctx);
    return handle;
}

static void owner_is_asked_and_told(size_t size)
{
    int front, handle;
    void *from;
    reset(size);
    front = alloc(&ctx, 60);
    handle = owned(40, &moving);
    from = buflib_get_data(&ctx, handle);
    buflib_free(&ctx, front);
    CHECK(buflib_compact(&ctx));
    in_order(&ctx);
    CHECK(!strcmp(heard, "+m-"));
    CHECK(last_handle == handle && last_from == from && last_to < from);
    CHECK(buflib_get_data(&ctx, handle) == last_to);
    filled(&ctx, handle, 40);
}

static void refused_move_is_tried_again(size_t size)
{
    int front, handle;
    void *from;
    size_t free_bytes;
    reset(size);
    front = alloc(&ctx, 100);
    handle = owned(40, &moving);
    from = buflib_get_data(&ctx, handle);
    buflib_free(&ctx, front);
    refusing = 1;
    buflib_compact(&ctx);
    in_order(&ctx);
    CHECK(!strcmp(heard, "+r-"));
    CHECK(buflib_get_data(&ctx, handle) == from);
    free_bytes = buflib_available(&ctx);
    CHECK(buflib_alloc(&ctx, free_bytes - 60) == -1);
    in_order(&ctx);
    refusing = 0;
    heard[0] = 0;
    CHECK(buflib_alloc(&ctx, free_bytes - 60) > 0);
    in_order(&ctx);
    CHECK(!strcmp(heard, "+m-"));
    CHECK(buflib_get_data(&ctx, handle) != from);
    filled(&ctx, handle, 40);
}

static void block_that_cannot_move_stays(size_t size)
{
    static struct buflib_callbacks only_sync = { NULL, NULL, on_sync };
    struct buflib_callbacks *fixed[2];
    int which;
    fixed[0] = &buflib_ops_locked;
    fixed[1] = &only_sync;
    for (which = 0; which < 2; which++) {
        int front, handle, behind;
        void *place;
        reset(size);
        front = alloc(&ctx, 60);
        handle = owned(40, fixed[which]);
        behind = alloc(&ctx, 20);
        place = buflib_get_data(&ctx, handle);
        buflib_free(&ctx, front);
        buflib_compact(&ctx);
        in_order(&ctx);
        CHECK(buflib_get_data(&ctx, handle) == place);
        CHECK(buflib_get_data(&ctx, behind) < place);
        CHECK(!heard[0]);
        filled(&ctx, handle, 40);
        filled(&ctx, behind, 20);
    }
    CHECK(!buflib_ops_locked.move_callback && !buflib_ops_locked.shrink_callback && !buflib_ops_locked.sync_callback);
}

static void block_without_callbacks_moves(size_t size)
{
    int front, plain, named;
    reset(size);
    front = alloc(&ctx, 60);
    plain = alloc(&ctx, 20);
    named = owned(30, NULL);
    buflib_free(&ctx, front);
    CHECK(buflib_compact(&ctx));
    in_order(&ctx);
    CHECK((unsigned char *)buflib_get_data(&ctx, plain) < pool + 20);
    filled(&ctx, plain, 20);
    filled(&ctx, named, 30);
    CHECK(buflib_context_relocate(&ctx, pool));
}

static void callbacks_may_look_and_nothing_else(size_t size)
{
    int handles[7], i;
    reset(size);
    for (i = 0; i < 7; i++)
        handles[i] = i % 3 == 2 ? owned(20, &moving) : alloc(&ctx, 20);
    buflib_free(&ctx, handles[0]);
    in_order(&ctx);
    looking = true;
    CHECK(buflib_compact(&ctx));
    looking = false;
    in_order(&ctx);
    CHECK(!strcmp(heard, "+m-+m-"));
    for (i = 1; i < 7; i++)
        filled(&ctx, handles[i], 20);
}

/* What a shrink callback does. */
static void (*action)(int handle, unsigned hints, void *start, size_t size);
static int answer, asked;
static unsigned last_hints;
static size_t last_size;
static void *last_start;

static int on_shrink(int handle, unsigned hints, void *start, size_t old_size)
{
    asked++;
    CHECK(buflib_get_data(&ctx, handle) == start && buflib_get_size(&ctx, handle) == old_size);
    last_handle = handle;
    last_hints = hints;
    last_start = start;
    last_size = old_size;
    in_order(&ctx);
    if (action)
        action(handle, hints, start, old_size);
    in_order(&ctx);
    return answer;
}

static struct buflib_callbacks shrinking = { on_move, on_shrink, on_sync };

static size_t fill_the_pool(int *handle, struct buflib_callbacks *ops)
{
    size_t rest;
    *handle = owned(buflib_allocatable(&ctx) / 2, ops);
    rest = buflib_allocatable(&ctx);
    asked = 0;
    heard[0] = 0;
    return rest;
}

static void halve(int handle, unsigned hints, void *start, size_t size)
{
    (void)hints;
    (void)start;
    CHECK(buflib_shrink(&ctx, handle, NULL, size / 2));
}

static void front_half(int handle, unsigned hints, void *start, size_t size)
{
    (void)hints;
    CHECK(buflib_shrink(&ctx, handle, (unsigned char *)start + size / 2, size - size / 2));
}

static void release(int handle, unsigned hints, void *start, size_t size)
{
    (void)hints;
    (void)start;
    (void)size;
    buflib_free(&ctx, handle);
}

static int made;

/* Frees, allocates, names and pins: all is possible. */
static void rebuild(int handle, unsigned hints, void *start, size_t size)
{
    int other = buflib_alloc_ex(&ctx, 10, "from inside", NULL);
    (void)hints;
    (void)start;
    (void)size;
    buflib_free(&ctx, handle);
    in_order(&ctx);
    made = buflib_alloc(&ctx, 16);
    CHECK(made > 0);
    fill(&ctx, made, 16);
    if (other > 0) {
        CHECK(!strcmp(buflib_get_name(&ctx, other), "from inside"));
        buflib_free(&ctx, other);
    }
    buflib_get_data_pinned(&ctx, made);
    buflib_put_data_pinned(&ctx, buflib_get_data(&ctx, made));
    buflib_compact(&ctx);
}

static void shrinking_serves_the_request(size_t size)
{
    static void (*const actions[])(int, unsigned, void *, size_t) = { halve, front_half, release, rebuild };
    size_t which;
    for (which = 0; which < 4; which++) {
        int handle, got;
        size_t rest, wanted;
        reset(size);
        rest = fill_the_pool(&handle, &shrinking);
        action = actions[which];
        answer = BUFLIB_CB_OK;
        wanted = rest + 100;
        got = buflib_alloc(&ctx, wanted);
        CHECK(got > 0 && asked == 1);
        in_order(&ctx);
        CHECK(last_hints & BUFLIB_SHRINK_SIZE_MASK);
        CHECK((last_hints & BUFLIB_SHRINK_SIZE_MASK) <= wanted + BUFLIB_ALLOC_OVERHEAD);
        CHECK(last_hints & BUFLIB_SHRINK_POS_MASK);
        if (which == 0)
            filled(&ctx, handle, last_size / 2);
        if (which == 1)
            filled_from(&ctx, handle, last_size / 2, last_size - last_size / 2);
        if (which == 3)
            filled(&ctx, made, 16);
        fill(&ctx, got, wanted);
        in_order(&ctx);
    }
}

static void shrink_that_does_nothing_is_a_refusal(size_t size)
{
    for (answer = 0; answer < 2; answer++) {
        int handle;
        size_t rest, available;
        reset(size);
        rest = fill_the_pool(&handle, &shrinking);
        available = buflib_available(&ctx);
        action = NULL;
        CHECK(buflib_alloc(&ctx, rest + 100) == -1);
        CHECK(asked == 1);
        in_order(&ctx);
        CHECK(buflib_available(&ctx) == available);
        filled(&ctx, handle, last_size);
        CHECK(buflib_alloc_maximum(&ctx, NULL, NULL, NULL) > 0);
        CHECK(asked == 2);
    }
}

static void shrink_then_compaction_then_success(size_t size)
{
    /* What is gained lies in two places: it is of use only once blocks have moved. */
    int handles[2], middle, got;
    size_t each, rest;
    reset(size);
    each = buflib_allocatable(&ctx) / 3;
    handles[0] = owned(each, &shrinking);
    middle = owned(20, &moving);
    handles[1] = owned(each, &shrinking);
    rest = buflib_allocatable(&ctx);
    action = halve;
    answer = BUFLIB_CB_OK;
    asked = 0;
    got = buflib_alloc(&ctx, rest + each - 80);
    CHECK(got > 0 && asked >= 2);
    in_order(&ctx);
    filled(&ctx, middle, 20);
    CHECK(buflib_get_size(&ctx, handles[0]) < each && buflib_get_size(&ctx, handles[1]) < each);
    filled(&ctx, handles[0], buflib_get_size(&ctx, handles[0]));
    filled(&ctx, handles[1], buflib_get_size(&ctx, handles[1]));
}

static void fixed_block_says_where_it_should_shrink(size_t size)
{
    static struct buflib_callbacks ops = { NULL, on_shrink, NULL };
    int front, handle;
    size_t rest;
    reset(size);
    front = alloc(&ctx, 200);
    handle = owned(buflib_allocatable(&ctx) - 100, &ops);
    rest = buflib_allocatable(&ctx);
    buflib_free(&ctx, front);
    action = NULL;
    answer = BUFLIB_CB_CANNOT_SHRINK;
    CHECK(buflib_alloc(&ctx, rest + 300) == -1);
    CHECK((last_hints & BUFLIB_SHRINK_POS_MASK) == BUFLIB_SHRINK_POS_FRONT);
    action = front_half;
    answer = BUFLIB_CB_OK;
    CHECK(buflib_alloc(&ctx, 300) > 0);
    in_order(&ctx);
    UNUSED(handle);
}

static size_t nested_size;

static void nested_requests_ask_others(int handle, unsigned hints, void *start, size_t size)
{
    /* A request from inside asks the other block, and moves it. */
    static int depth;
    (void)hints;
    if (depth++ == 0) {
        int got = buflib_alloc(&ctx, nested_size);
        if (got > 0)
            buflib_free(&ctx, got);
    }
    depth--;
    if (buflib_get_size(&ctx, handle) > 40)
        CHECK(buflib_shrink(&ctx, handle, NULL, buflib_get_size(&ctx, handle) - 40));
    (void)start;
    (void)size;
}

static void callback_may_cause_callbacks(size_t size)
{
    int handles[3], i, got;
    size_t each, rest;
    reset(size);
    each = buflib_allocatable(&ctx) / 4;
    for (i = 0; i < 3; i++)
        handles[i] = owned(each, &shrinking);
    rest = buflib_allocatable(&ctx);
    nested_size = rest + 100;
    action = nested_requests_ask_others;
    answer = BUFLIB_CB_OK;
    asked = 0;
    got = buflib_alloc(&ctx, rest + 90);
    CHECK(got > 0 && asked >= 2);
    in_order(&ctx);
    for (i = 0; i < 3; i++)
        filled(&ctx, handles[i], buflib_get_size(&ctx, handles[i]));
}

static void grown_block_keeps_its_callbacks(size_t size)
{
    int handle, behind, grown;
    reset(size);
    handle = owned(40, &moving);
    behind = owned(30, &moving);
    heard[0] = 0;
    grown = buflib_resize(&ctx, handle, 300);
    CHECK(grown);
    in_order(&ctx);
    CHECK(strlen(heard) == 3); /* one of the two was moved */
    CHECK(!strcmp(buflib_get_name(&ctx, handle), "moving"));
    filled(&ctx, behind, 30);
    fill(&ctx, handle, 300);
    heard[0] = 0;
    buflib_free(&ctx, behind);
    alloc(&ctx, 1);
    buflib_compact(&ctx);
    in_order(&ctx);
    filled(&ctx, handle, 300);
}

int main(void)
{
    ON_EVERY_POOL(owner_is_asked_and_told);
    ON_EVERY_POOL(refused_move_is_tried_again);
    ON_EVERY_POOL(block_that_cannot_move_stays);
    ON_EVERY_POOL(block_without_callbacks_moves);
    ON_EVERY_POOL(callbacks_may_look_and_nothing_else);
    ON_EVERY_POOL(shrinking_serves_the_request);
    ON_EVERY_POOL(shrink_that_does_nothing_is_a_refusal);
    ON_EVERY_POOL(shrink_then_compaction_then_success);
    ON_EVERY_POOL(fixed_block_says_where_it_should_shrink);
    ON_EVERY_POOL(callback_may_cause_callbacks);
    ON_EVERY_POOL(grown_block_keeps_its_callbacks);
    UNUSED(last_start);
    return 0;
}
