/*
 * A music player with 64 KiB of memory: the audio buffer takes all that there is, and gives back what others ask for,
 * from its front, while it plays on.
 *
 *     make -C crates/buflib-c example
 */
#include <stdio.h>
#include <string.h>

#include "core_alloc.h"

static unsigned char memory[64 * 1024];

/* The audio buffer: which part of the track it holds, and how much of that was played. */
static int audio;
static size_t buffered, played;

/* What has been played is not needed any more; at most half of the rest can be loaded again later. */
static int audio_shrink(int handle, unsigned hints, void *start, size_t old_size)
{
    size_t wanted = hints & BUFLIB_SHRINK_SIZE_MASK;
    size_t rest = old_size - played;
    size_t kept = rest / 2;

    if (wanted < old_size && old_size - wanted > kept)
        kept = old_size - wanted;
    if (kept > rest)
        kept = rest;
    printf("  audio: %zu bytes are wanted, %zu of %zu are kept\n", wanted, kept, old_size);
    if (!core_shrink(handle, (char *)start + played, kept))
        return BUFLIB_CB_CANNOT_SHRINK;
    buffered = kept;
    played = 0;
    return BUFLIB_CB_OK;
}

/* Nobody else has the address: the player looks it up whenever it plays. */
static int audio_move(int handle, void *current, void *new_)
{
    (void)handle;
    printf("  audio: moved by %td bytes\n", (char *)new_ - (char *)current);
    return BUFLIB_CB_OK;
}

static struct buflib_callbacks audio_ops = { audio_move, audio_shrink, NULL };

static void play(size_t bytes)
{
    const unsigned char *data = core_get_data(audio);
    unsigned sum = 0;
    size_t i;

    for (i = played; i < played + bytes && i < buffered; i++)
        sum += data[i];
    played = i;
    printf("  played up to byte %zu of %zu (sum %u)\n", played, buffered, sum);
}

static void complain(struct buflib_context *ctx, const struct buflib_error *error, void *arg)
{
    (void)ctx;
    (void)arg;
    printf("  error %d, handle %d: %s\n", error->code, error->handle, error->message);
}

static void print_line(int number, const char *text)
{
    printf("  %d: %s\n", number, text);
}

int main(void)
{
    int settings, cover, track;

    core_allocator_init(memory, sizeof memory);
    buflib_set_error_handler(&core_ctx, complain, NULL);

    settings = core_alloc("settings", 100);
    track = core_alloc("/music/a/track.flac", 300);
    memset(core_get_data(settings), 1, 100);
    memset(core_get_data(track), 2, 300);

    puts("The audio buffer takes the rest:");
    audio = core_alloc_maximum("audio", &buffered, &audio_ops);
    memset(core_get_data(audio), 3, buffered);
    play(20000);

    puts("A picture is needed:");
    cover = core_alloc("cover", 16384);
    printf("  %s at %zu bytes\n", cover > 0 ? "there" : "not there", buflib_get_size(&core_ctx, cover));
    play(1000);

    puts("The track's own block is freed, and a larger one needed:");
    core_free(track);
    track = core_alloc("/music/another/track.flac", 12000);
    play(1000);

    puts("What there is:");
    core_print_allocs(print_line);

    puts("A handle that is stale is found out:");
    core_free(cover);
    core_free(cover);

    core_check_valid();
    return track > 0 ? 0 : 1;
}
