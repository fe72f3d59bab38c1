#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "cmocka_all.h"
#include "failing.h"

static mye_context *ctx;
static mye_error err;
static char folder[] = "test_file_XXXXXX";
static char path[100], temporary[110];

static int open_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/out.bin", folder);
    snprintf(temporary, sizeof temporary, "%s.tmp", path);
    return mye_context_create(&(mye_context_options){.threads = 1}, &ctx, &err) == MYE_OK ? 0 : -1;
}

static int close_folder(void **state)
{
    (void)state;
    const size_t live = mye_context_live_bytes(ctx);
    mye_context_free(ctx);
    unlink(path);
    const bool is_clean = rmdir(folder) == 0; /* also: no test left a file behind */
    return live == 0 && is_clean ? 0 : -1;
}

static void write_text(const char *text)
{
    mye_file *file;
    assert_int_equal(mye_file_create(ctx, path, &file, &err), MYE_OK);
    assert_int_equal(mye_file_write(file, text, strlen(text), &err), MYE_OK);
    assert_int_equal(mye_file_commit(file, &err), MYE_OK);
}

static void expect_text(const char *text)
{
    void *data;
    size_t bytes;
    assert_int_equal(mye_file_read(ctx, path, 1 << 20, &data, &bytes, &err), MYE_OK);
    assert_int_equal(bytes, strlen(text));
    assert_string_equal(data, text); /* with the NUL after the end */
    mye_free(ctx, data);
}

static void a_file_is_there_only_after_commit(void **state)
{
    mye_file *file;
    (void)state;
    write_text("old");
    assert_int_equal(mye_file_create(ctx, path, &file, &err), MYE_OK);
    assert_int_equal(mye_file_write(file, "new", 3, &err), MYE_OK);
    expect_text("old");
    assert_true(mye_file_exists(temporary));
    mye_file_abandon(file);
    assert_false(mye_file_exists(temporary));
    expect_text("old");
    write_text("newer");
    expect_text("newer");
    write_text("");
    expect_text("");
    mye_file_abandon(NULL);
}

static void a_probe_tells_and_leaves_nothing(void **state)
{
    char fresh[120];
    (void)state;
    write_text("old");
    snprintf(fresh, sizeof fresh, "%s.fresh", path);
    assert_int_equal(mye_file_probe(ctx, path, &err), MYE_OK);
    expect_text("old");
    assert_false(mye_file_exists(temporary));
    assert_int_equal(mye_file_probe(ctx, fresh, &err), MYE_OK);
    assert_false(mye_file_exists(fresh));
    assert_int_equal(mye_file_probe(ctx, "/no/such/folder/file", &err), MYE_ERR_IO);
    assert_non_null(strstr(err.message, "cannot write '/no/such/folder/file'"));
    assert_int_equal(mye_file_probe(ctx, "/", &err), MYE_ERR_IO);
    assert_non_null(strstr(err.message, "it is a folder"));
}

static void small_and_large_pieces_arrive_in_order(void **state)
{
    enum { N = 300000 };
    unsigned char *data = malloc(N), *back;
    size_t bytes, done = 0;
    mye_file *file;
    (void)state;
    for (int i = 0; i < N; i++)
        data[i] = (unsigned char)(i * 7 + i / 256);
    assert_int_equal(mye_file_create(ctx, path, &file, &err), MYE_OK);
    for (size_t piece = 1; done < N; piece = piece * 3 % 200003) {
        const size_t n = piece < N - done ? piece : N - done;
        assert_int_equal(mye_file_write(file, data + done, n, &err), MYE_OK);
        done += n;
    }
    assert_int_equal(mye_file_write(file, NULL, 0, &err), MYE_OK);
    assert_int_equal(mye_file_commit(file, &err), MYE_OK);
    assert_int_equal(mye_file_read(ctx, path, N, (void **)&back, &bytes, &err), MYE_OK);
    assert_int_equal(bytes, N);
    assert_memory_equal(data, back, N);
    mye_free(ctx, back);
    free(data);
}

static void reading_refuses_what_it_cannot_take(void **state)
{
    void *data;
    size_t bytes;
    char sentence[300];
    (void)state;
    write_text("0123456789");
    assert_int_equal(mye_file_read(ctx, path, 9, &data, &bytes, &err), MYE_ERR_FORMAT);
    snprintf(sentence, sizeof sentence, "'%s' is larger than the 9 B allowed here", path);
    assert_string_equal(err.message, sentence);
    assert_null(data);
    assert_int_equal(mye_file_read(ctx, path, 10, &data, &bytes, &err), MYE_OK);
    mye_free(ctx, data);
    assert_int_equal(mye_file_read(ctx, folder, 9, &data, &bytes, &err), MYE_ERR_IO);
    snprintf(sentence, sizeof sentence, "cannot read '%s': it is a folder", folder);
    assert_string_equal(err.message, sentence);
    assert_int_equal(mye_file_read(ctx, "missing", 9, &data, &bytes, &err), MYE_ERR_IO);
    assert_string_equal(err.message, "cannot open 'missing': No such file or directory");
    /* A device has no size; it must not fill the memory. */
    assert_int_equal(mye_file_read(ctx, "/dev/zero", 1 << 20, &data, &bytes, &err), MYE_ERR_FORMAT);
}

static void a_file_without_size_is_read_to_its_end(void **state)
{
    void *data;
    size_t bytes;
    (void)state;
    assert_int_equal(mye_file_read(ctx, "/proc/self/stat", 1 << 20, &data, &bytes, &err), MYE_OK);
    assert_true(bytes > 10);
    mye_free(ctx, data);
}

static void folders_are_made_with_their_parents(void **state)
{
    char deep[140], sentence[300], longer[9000];
    (void)state;
    snprintf(deep, sizeof deep, "%s/a//b/c/", folder);
    assert_int_equal(mye_dir_make(deep, &err), MYE_OK);
    assert_int_equal(mye_dir_make(deep, &err), MYE_OK);
    assert_true(mye_dir_exists(deep));
    assert_false(mye_file_exists(deep));
    for (int i = 0; i < 3; i++) {
        snprintf(deep, sizeof deep, "%s/a%.*s", folder, 4 - 2 * i, "/b/c");
        assert_int_equal(rmdir(deep), 0);
    }
    write_text("x");
    snprintf(deep, sizeof deep, "%s/sub", path);
    assert_int_equal(mye_dir_make(deep, &err), MYE_ERR_IO);
    snprintf(sentence, sizeof sentence, "cannot make folder '%s': a file has this name", path);
    assert_string_equal(err.message, sentence);
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(mye_dir_make(longer, &err), MYE_ERR_IO);
    assert_int_equal(mye_dir_make("", &err), MYE_ERR_IO);
}

static void a_folder_cannot_be_overwritten(void **state)
{
    mye_file *file;
    (void)state;
    assert_int_equal(mye_file_create(ctx, folder, &file, &err), MYE_ERR_IO);
    assert_non_null(strstr(err.message, "it is a folder"));
    assert_null(file);
    assert_int_equal(mye_file_create(ctx, "no/such/file", &file, &err), MYE_ERR_IO);
    assert_string_equal(err.message, "cannot write 'no/such/file': No such file or directory");
}

static void an_unwritable_folder_gives_one_sentence(void **state)
{
    mye_file *file;
    char sentence[300];
    (void)state;
    const bool is_root = geteuid() == 0;
    assert_int_equal(chmod(folder, 0555), 0);
    if (is_root) /* root may write anywhere: be nobody for a moment */
        assert_int_equal(seteuid(65534), 0);
    const mye_status status = mye_file_create(ctx, path, &file, &err);
    if (is_root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(status, MYE_ERR_IO);
    snprintf(sentence, sizeof sentence, "cannot write '%s': Permission denied", path);
    assert_string_equal(err.message, sentence);
    assert_string_equal(err.hint, "check the permissions of the file and of its folder");
}

/* Every place where a write can fail: in write itself or, from the buffer, in commit. */
static void fill(const char *name, size_t bytes, const char *reason)
{
    static unsigned char block[1 << 16];
    mye_file *file;
    mye_status status = MYE_OK;
    assert_int_equal(mye_file_create(ctx, name, &file, &err), MYE_OK);
    for (size_t done = 0; status == MYE_OK && done < bytes; done += 1000)
        status = mye_file_write(file, block, 1000, &err);
    if (status == MYE_OK)
        status = mye_file_commit(file, &err);
    else
        mye_file_abandon(file);
    assert_int_equal(status, MYE_ERR_IO);
    assert_non_null(strstr(err.message, reason));
    assert_false(mye_file_exists(name));
    char rest[120];
    snprintf(rest, sizeof rest, "%s.tmp", name);
    assert_false(mye_file_exists(rest));
}

static void a_file_size_limit_leaves_no_half_file(void **state)
{
    struct rlimit old, small;
    (void)state;
    unlink(path);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 20000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    fill(path, 30000, "File too large");
    fill(path, 300000, "File too large");
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
}

static void a_full_disk_leaves_no_half_file(void **state)
{
    char disk[120], name[140];
    (void)state;
    snprintf(disk, sizeof disk, "%s/disk", folder);
    assert_int_equal(mkdir(disk, 0755), 0);
    if (mount("tmpfs", disk, "tmpfs", 0, "size=64k") != 0) {
        rmdir(disk);
        print_message("a tmpfs of 64 KiB needs root: skipped\n");
        skip();
    }
    snprintf(name, sizeof name, "%s/out.bin", disk);
    fill(name, 70000, "No space left on device");
    assert_string_equal(err.hint, "free some space or choose a folder on another disk");
    fill(name, 700000, "No space left on device");
    assert_int_equal(umount(disk), 0);
    rmdir(disk);
}

static void every_failing_allocation_is_reported_and_leaks_nothing(void **state)
{
    failing f = {0};
    const mye_allocator hooks = failing_hooks(&f);
    mye_context *own;
    (void)state;
    assert_int_equal(
        mye_context_create(&(mye_context_options){.threads = 1, .allocator = &hooks}, &own, &err),
        MYE_OK);
    const long blocks = f.blocks;
    mye_file *file = NULL;
    long n = 0;
    do {
        assert_int_equal(f.blocks, blocks);
        f.fail_at = f.calls + ++n;
    } while (mye_file_create(own, path, &file, &err) == MYE_ERR_NOMEM);
    assert_int_equal(n, 4);
    mye_file_abandon(file);
    void *data;
    size_t bytes;
    f.fail_at = f.calls + 1;
    assert_int_equal(mye_file_read(own, "/proc/self/stat", 1 << 20, &data, &bytes, &err),
                     MYE_ERR_NOMEM);
    mye_context_free(own);
    assert_int_equal(f.blocks, 0);
}

/* RFC 3720, appendix B.4. */
static void crc32c_gives_the_known_answers(void **state)
{
    unsigned char data[33] = {0};
    (void)state;
    assert_int_equal(mye_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(mye_crc32c(0, data, 32), 0x8a9136aa);
    memset(data, 0xff, 32);
    assert_int_equal(mye_crc32c(0, data, 32), 0x62a8ab43);
    for (int i = 0; i < 32; i++)
        data[i] = (unsigned char)i;
    assert_int_equal(mye_crc32c(0, data, 32), 0x46dd794e);
    assert_int_equal(mye_crc32c(mye_crc32c(0, data, 13), data + 13, 19), 0x46dd794e);
    assert_int_equal(mye_crc32c(0, NULL, 0), 0);
}

static void the_clock_does_not_run_backwards(void **state)
{
    (void)state;
    const double start_s = mye_now_s();
    for (int i = 0; i < 1000; i++)
        assert_true(mye_now_s() >= start_s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_there_only_after_commit),
        cmocka_unit_test(a_probe_tells_and_leaves_nothing),
        cmocka_unit_test(small_and_large_pieces_arrive_in_order),
        cmocka_unit_test(reading_refuses_what_it_cannot_take),
        cmocka_unit_test(a_file_without_size_is_read_to_its_end),
        cmocka_unit_test(folders_are_made_with_their_parents),
        cmocka_unit_test(a_folder_cannot_be_overwritten),
        cmocka_unit_test(an_unwritable_folder_gives_one_sentence),
        cmocka_unit_test(a_file_size_limit_leaves_no_half_file),
        cmocka_unit_test(a_full_disk_leaves_no_half_file),
        cmocka_unit_test(every_failing_allocation_is_reported_and_leaks_nothing),
        cmocka_unit_test(crc32c_gives_the_known_answers),
        cmocka_unit_test(the_clock_does_not_run_backwards),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
