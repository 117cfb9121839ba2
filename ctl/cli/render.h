// JSON for people: objects as names and values, objects of objects as tables.
#pragma once

#include <jansson.h>

// Prints on stdout. Text that could steer a terminal is printed as dots.
void render(json_t *value);
// The same, as it came, on one line.
void render_json(json_t *value);
