// Brings a store to the schema this program knows. See migrations.c.
#pragma once

#include <stddef.h>

#include <sqlite3.h>

// Returns 0, or -1 with the reason in why.
int migrations_run(sqlite3 *db, char *why, size_t why_size);
