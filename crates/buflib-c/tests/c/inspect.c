/* Lists, lines and figures. */
#include "buflib.h"
#include "check.h"

static struct buflib_context ctx;
static char lines[40][200];
static int printed;

static void print(int line, const char *text)
{
    CHECK(line == printed && printed < 40);
    strcpy(lines[printed++], text);
    /* The heap can be looked at, and nothing else. */
    CHECK(buflib_get_data_checked(&ctx, 1) != NULL && told.count == 0);
    CHECK(buflib_alloc(&ctx, 1) == -1 && told.last.code == BUFLIB_ERROR_BUSY && told.count == 1);
    told.count = 0;
}

static void everything_is_listed(size_t size)
{
    char line[200], expected[40];
    int plain, hole, named, i;
    start(&ctx, size);
    plain = alloc(&ctx, 20);
    hole = alloc(&ctx, 300);
    named = buflib_alloc_ex(&ctx, 30, "a name", &buflib_ops_locked);
    CHECK(named > 0);
    buflib_free(&ctx, hole);
    CHECK(buflib_get_num_blocks(&ctx) == 3);
    printed = 0;
    buflib_print_blocks(&ctx, print);
    CHECK(printed == 3);
    for (i = 0; i < 3; i++) {
        CHECK(buflib_print_block_at(&ctx, i, line, sizeof line));
        CHECK(!strcmp(line, lines[i]));
    }
    CHECK(!buflib_print_block_at(&ctx, 3, line, sizeof line));
    CHECK(!buflib_print_block_at(&ctx, -1, line, sizeof line));
    sprintf(expected, "0x%0*llx ", (int)(2 * sizeof(void *)),
            (unsigned long long)(uintptr_t)buflib_get_data(&ctx, plain));
    CHECK(!strncmp(lines[0], expected, strlen(expected)));
    CHECK(strstr(lines[0], " #1 20") && !strstr(lines[0], "immovable"));
    CHECK(strstr(lines[1], " free"));
    CHECK(strstr(lines[2], " #3 30 a name immovable"));
    printed = 0;
    buflib_print_allocs(&ctx, print);
    CHECK(printed == 2);
    CHECK(strstr(lines[0], " #1 20") && strstr(lines[1], " #3 30 a name"));
    buflib_print_allocs(&ctx, NULL);
    in_order(&ctx);
}

static void lines_fit_their_buffers(size_t size)
{
    char whole[200], part[200];
    size_t room;
    start(&ctx, size);
    CHECK(buflib_alloc_ex(&ctx, 5, "a name that is rather long", NULL) > 0);
    CHECK(buflib_print_block_at(&ctx, 0, whole, sizeof whole));
    for (room = 0; room <= strlen(whole) + 5; room++) {
        memset(part, 'z', sizeof part);
        CHECK(buflib_print_block_at(&ctx, 0, part, room));
        CHECK(part[room] == 'z');
        if (room) {
            CHECK(strlen(part) == (room - 1 < strlen(whole) ? room - 1 : strlen(whole)));
            CHECK(!strncmp(part, whole, strlen(part)));
        }
    }
    CHECK(buflib_print_block_at(&ctx, 0, NULL, 0));
    in_order(&ctx);
}

static void figures_are_those_of_the_heap(size_t size)
{
    struct buflib_stats stats;
    int front, handle;
    start(&ctx, size);
    buflib_get_stats(&ctx, &stats);
    CHECK(stats.live == 0 && stats.used_bytes == 0 && stats.table_entries == 0);
    CHECK(stats.free_bytes == buflib_available(&ctx) && stats.free_bytes < size);
    CHECK(stats.free_bytes + 2600 >= size);
    front = alloc(&ctx, 200);
    handle = buflib_alloc_ex(&ctx, 100, "name", NULL);
    buflib_pin(&ctx, handle);
    buflib_get_stats(&ctx, &stats);
    CHECK(stats.live == 2 && stats.owned == 1 && stats.immovable == 1 && stats.table_entries == 3);
    CHECK(stats.used_bytes >= 300 && stats.used_bytes < 400);
    buflib_unpin(&ctx, handle);
    buflib_free(&ctx, front);
    buflib_get_stats(&ctx, &stats);
    CHECK(stats.live == 1 && stats.fragmentation < 1000);
    CHECK(stats.free_bytes == buflib_available(&ctx));
    buflib_compact(&ctx);
    buflib_get_stats(&ctx, &stats);
    CHECK(stats.fragmentation == 0 && stats.largest_free_bytes == stats.free_bytes);
    CHECK(size == TINY || (stats.moves == 1 && stats.bytes_moved >= 100 && stats.compactions > 0 && stats.peak_bytes >= 300));
    in_order(&ctx);
}

int main(void)
{
    ON_EVERY_POOL(everything_is_listed);
    ON_EVERY_POOL(lines_fit_their_buffers);
    ON_EVERY_POOL(figures_are_those_of_the_heap);
    return 0;
}
