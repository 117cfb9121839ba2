// tocsin --doctor. Next: doctor.c.
#pragma once

#include <stdio.h>

// Looks at the box and prints what it has and lacks, one line each. Needs no EAL and changes nothing.
// Returns 0, or -1 when something that is needed is missing.
int doctor_run(FILE *out);
