#ifndef HAKO_CSQLITE_SHIM_H
#define HAKO_CSQLITE_SHIM_H

#include <sqlite3.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

// sqlite3_db_config is variadic in C, so not importable.
static inline int hako_sqlite3_db_config(sqlite3 *database, int option, int value) {
    return sqlite3_db_config(database, option, value, (int *)0);
}

// Nobody asks how much memory SQLite has, and counting it takes a lock for each piece. Variadic, too; before anything else.
static inline int hako_sqlite3_leave_memory_uncounted(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

static int hako_sqlite3_pause(void *milliseconds, int count) {
    long limit = (long)(intptr_t)milliseconds * 1000, before = 0, pause = 100;
    for (int past = 0; past < count; past++) {
        before += pause;
        if (pause < 25600) pause *= 2;
    }
    if (before >= limit) return 0;
    usleep(pause);
    return 1;
}

// As sqlite3_busy_timeout, whose first pause is a millisecond: most hold the lock for tenths of one.
static inline int hako_sqlite3_busy_timeout(sqlite3 *database, int milliseconds) {
    return sqlite3_busy_handler(database, milliseconds > 0 ? hako_sqlite3_pause : NULL, (void *)(intptr_t)milliseconds);
}

// SQLITE_TRANSIENT is a cast of -1 to a function pointer: SQLite copies the bytes before the call returns.
static inline int hako_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text, int count) {
    return sqlite3_bind_text(statement, index, text, count, SQLITE_TRANSIENT);
}

static inline int hako_sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}

static ssize_t hako_sqlite3_write_whole_page(int file, const void *bytes, size_t count, off_t offset) {
    static const char page[4096];
    if (count != 1 || offset % sizeof page != sizeof page - 1) return pwrite(file, bytes, count, offset);
    ssize_t written = pwrite(file, page, sizeof page, offset + 1 - (off_t)sizeof page);
    return written < 0 ? written : written == sizeof page;
}

// SQLite enlarges the log's index, a mapped file, by writing the last byte of each page (unixShmMap). Where a block of the
// file system is smaller than a page, as on small disks, that takes one block of it, and on a full disk the first use of the
// others is a SIGBUS. A written page is an error in time. SQLite writes single bytes for nothing else.
static inline int hako_sqlite3_fill_index_pages(void) {
    sqlite3_vfs *files = sqlite3_vfs_find((const char *)0);
    return files->xSetSystemCall(files, "pwrite64", (sqlite3_syscall_ptr)hako_sqlite3_write_whole_page);
}

static int hako_sqlite3_clear_index(int file, off_t size) {
    // WALINDEX_HDR_SIZE of wal.c; <https://sqlite.org/walformat.html>, "The WAL-Index File Format".
    static const char header[136];
    struct stat status;
    // WALINDEX_PGSZ: a file that is shorter than its first page was never used.
    if (size != 3 || fstat(file, &status) < 0 || status.st_size < 32768) return ftruncate(file, size);
    return pwrite(file, header, sizeof header, 0) == sizeof header ? 0 : -1;
}

// Whoever opens the database alone has to build the log's index anew. SQLite says so by truncating it to three bytes
// (unixLockSharedMemory), and then writes and maps all of its pages anew, which takes a file system as long as the rest of
// opening it. A header of zeros says the same (walIndexTryHdr): what follows it is written before it is read (walIndexRecover,
// walIndexAppend). SQLite truncates nothing else to three bytes: a database has pages of 512 at least.
static inline int hako_sqlite3_keep_index_pages(void) {
    sqlite3_vfs *files = sqlite3_vfs_find((const char *)0);
    return files->xSetSystemCall(files, "ftruncate", (sqlite3_syscall_ptr)hako_sqlite3_clear_index);
}

#endif
