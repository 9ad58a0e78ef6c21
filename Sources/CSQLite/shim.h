#ifndef HAKO_CSQLITE_SHIM_H
#define HAKO_CSQLITE_SHIM_H

#include <sqlite3.h>

// sqlite3_db_config is variadic in C, so not importable.
static inline int hako_sqlite3_db_config(sqlite3 *database, int option, int value) {
    return sqlite3_db_config(database, option, value, (int *)0);
}

// SQLITE_TRANSIENT is a cast of -1 to a function pointer: SQLite copies the bytes before the call returns.
static inline int hako_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text, int count) {
    return sqlite3_bind_text(statement, index, text, count, SQLITE_TRANSIENT);
}

static inline int hako_sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}

#endif
